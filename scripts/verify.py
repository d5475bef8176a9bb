"""Check all results that are there against their manifests and the configuration: one line for each problem."""

import sys
from pathlib import Path

from chainofsteps.errors import InputError, reported
from chainofsteps.plan.verify import Configured, verify
from chainofsteps.store.job import progress


def watched(files):
    with progress("verify", len(files), "files") as line:
        for listed in files:
            yield listed
            line.update()


with reported(snakemake.log[0]):
    report = verify("results", Configured(**snakemake.params.configured), watched)
    lines = "".join(f"{line}\n" for line in (*report.problems, report))
    Path(snakemake.log[0]).write_text(lines)  # which onsuccess shows, wherever the job ran
    if report.broken:
        sys.stderr.write(lines)
        raise InputError("not all results are as their manifests list them; each line above says what to do")
