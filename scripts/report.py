"""Snakemake's own report on the figures, tables and claims that are there, by a second Snakemake on the same folder."""

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from chainofsteps.errors import InputError, reported

with reported(snakemake.log[0]), tempfile.TemporaryDirectory() as scratch:
    params, made, config = snakemake.params, Path(scratch, "report.zip"), Path(scratch, "config.yaml")
    config.write_text(yaml.safe_dump(snakemake.config), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", params.snakefile, "--configfile", config, "--nolock"]
    run = subprocess.run(
        [*map(str, command), "--report", str(made), "--", *params.targets], capture_output=True, encoding="utf-8"
    )
    if run.returncode:
        raise InputError(f"the report was not made: {run.stderr.strip().splitlines()[-1]}")
    target = Path(snakemake.output[0])
    partial = target.with_name(f"{target.name}.partial")
    partial.write_bytes(made.read_bytes())
    partial.replace(target)
