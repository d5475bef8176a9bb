"""What each target costs, from the benchmark files of a finished run: a Markdown table for README.md.

python benchmarks/targets.py figures/fig1.pdf figures/fig3.pdf all    # where `snakemake all` has run

Minutes are the CPU time of all jobs behind a target, divided by the cores. The elapsed time comes close to that where
nothing else runs, and stays the same on a busy machine.
"""

import argparse
import csv
import re
import subprocess
import sys
from pathlib import Path


def benchmarks_of(target: str) -> list[Path]:
    """The benchmark files of all jobs behind a target, from a dry run here. RuntimeError if Snakemake fails."""
    options = ["--dry-run", "--forceall", "--nocolor", "--quiet", "host", "--"]
    command = [sys.executable, "-m", "snakemake", *options, target]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{target}: {run.stdout}{run.stderr}")
    return [Path(path) for path in re.findall(r"^ +benchmark: (.+)$", run.stdout + run.stderr, re.M)]


def cpu_seconds(path: Path) -> float:
    """CPU seconds of a job, from the file that Snakemake's `benchmark:` wrote."""
    with path.open(encoding="utf-8") as file:
        return sum(float(row["cpu_time"]) for row in csv.DictReader(file, delimiter="\t"))


def row(target: str, cores: int) -> str:
    """A line of the table; a target that has not been made says which file is missing."""
    files = benchmarks_of(target)
    missing = [path for path in files if not path.exists()]
    if missing:
        return f"| `{target}` | {len(files)} | not known: {missing[0]} is missing |"
    return f"| `{target}` | {len(files)} | {sum(map(cpu_seconds, files)) / 60 / cores:.1f} |"


def main() -> None:
    """Print the table for the targets of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("--cores", type=int, default=2, help="by which the CPU time is divided (default: 2)")
    options = parser.parse_args()
    print("| target | jobs | minutes |\n|---|---|---|")
    for target in options.targets:
        print(row(target, options.cores), flush=True)


if __name__ == "__main__":
    main()
