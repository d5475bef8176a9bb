"""Snakemake run in a working folder, and what it printed and left there, read."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def snakemake(folder, *arguments, change=None, wait=True):
    """Snakemake in a working folder, by default until it ends; stdout and stderr together as text.

    change: what is different from run.yaml, laid over it.
    """
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        ROOT / "Snakefile",
        "--directory",
        folder,
        "--cores",
        "2",
    ]
    configs = [folder / "run.yaml"]
    if change is not None:
        configs.append(folder / "change.yaml")
        configs[-1].write_text(yaml.safe_dump(change))
    command = [*map(str, [*command, "--nocolor", "--configfile", *configs]), *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    if not wait:
        return subprocess.Popen(command, start_new_session=True, **streams)
    return subprocess.run(command, **streams)


def jobs_of(output):
    """Jobs by rule, from the table that Snakemake prints."""
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", output, re.M) if rule != "total"}


def rows_of(path):
    with open(path, newline="") as table:
        return list(csv.DictReader(table))


def files_of(folder):
    """Modification time of every result, table and figure; not of logs."""
    paths = [path for part in ("results", "figures") for path in (folder / part).rglob("*") if path.is_file()]
    return {path: path.stat().st_mtime_ns for path in paths if path.suffix not in (".log", ".tsv")}


def verdict(output):
    """(broken lines, stale lines, the count) of a verification, each as often as it was shown."""
    lines = output.splitlines()
    kinds = [[line for line in lines if line.startswith(f"{state}: ")] for state in ("broken", "stale")]
    return *kinds, [line for line in lines if " files checked: " in line]
