"""Print the cost of the targets in this configuration, before anything runs; see plan/target.py."""

import sys
from pathlib import Path

from chainofsteps.errors import InputError
from chainofsteps.plan.printed import table
from chainofsteps.plan.target import plan_of
from chainofsteps.store.job import Job

with Job(snakemake) as job:
    plan = plan_of(job.config, job.params.targets)
    lines = f"{table(plan)}\n"
    Path(job.log).write_text(lines, encoding="utf-8")  # which onsuccess shows
    try:
        plan.check()
    except InputError:
        sys.stderr.write(lines)
        raise
