"""What targets still cost in this configuration, before anything runs; see plan/target.py."""

import sys
from pathlib import Path

from chainofsteps.errors import InputError, reported
from chainofsteps.plan.printed import table
from chainofsteps.plan.target import plan_of

with reported(snakemake.log[0]):
    plan = plan_of(snakemake.config, snakemake.params.targets)
    lines = f"{table(plan)}\n"
    Path(snakemake.log[0]).write_text(lines)  # which onsuccess shows
    try:
        plan.check()
    except InputError:
        sys.stderr.write(lines)
        raise
