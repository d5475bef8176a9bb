"""Where the time of a finished run went, by rule: a Markdown table, the rules that took most first.

python benchmarks/where.py    # in the folder where `snakemake all` has run; or name that folder

Jobs are those of the benchmark files that Snakemake wrote. Work is what a job's own manifest says: the seconds of its
items, which are forwards, decodes, readings and their files. What is beside it is Python, imports, the loading of
models and the drawing. Tables and figures have no manifest: all that they do counts as beside.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

COLUMNS = {"jobs": "jobs", "wall": "seconds", "cpu": "of a core", "work": "work", "beside": "beside work"}


def job(path: Path, results: Path) -> dict:
    """Rule, seconds of the clock and of a core, and seconds of work, of a benchmark file below `results`."""
    measured = pd.read_csv(path, sep="\t", na_values="-")
    before, _, after = path.relative_to(results).as_posix().partition("benchmarks/")
    shard = (results / before / after).with_suffix(".json")
    manifests = [shard] if shard.exists() else shard.with_suffix("").rglob("[0-9][0-9].json")  # of a rule's one job
    work = sum(json.loads(manifest.read_text()).get("seconds", 0.0) for manifest in manifests)
    rule = after.partition("/")[0].removesuffix(".tsv")
    wall = measured.s.sum()
    return {"rule": rule, "wall": wall, "cpu": measured.cpu_time.sum(), "work": min(work, wall)}


def by_rule(jobs: pd.DataFrame) -> pd.DataFrame:
    """Sums by rule, the most seconds first, and under them those of all."""
    sums = jobs.assign(jobs=1, beside=jobs.wall - jobs.work).groupby("rule")[[*COLUMNS]].sum()
    return pd.concat([sums.sort_values("wall", ascending=False), sums.sum().to_frame("all").T])


def table(sums: pd.DataFrame) -> str:
    """As Markdown, with the share of each rule's seconds that is beside its work."""
    head = ["rule", *COLUMNS.values(), "share beside"]
    rows = [
        [rule, *(f"{row[column]:,.0f}" for column in COLUMNS), f"{row.beside / row.wall:.0%}"]
        for rule, row in sums.iterrows()
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="where the run was (default: here)")
    results = parser.parse_args().folder / "results"
    paths = sorted(path for path in results.rglob("*.tsv") if "benchmarks" in path.parts)
    if not paths:
        parser.error(f"{results} has no benchmark files: run `snakemake all` there first")
    print(table(by_rule(pd.DataFrame([job(path, results) for path in paths]))))


if __name__ == "__main__":
    main()
