"""What a job costs beside its work, and how long Snakemake thinks before the first one: seconds of CPU."""

import ast
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from chainofsteps.config.tasks import untouched_seeds
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling
from chainofsteps.probes.count import baseline
from chainofsteps.probes.ensemble import spec as windows
from chainofsteps.probes.ensemble.count import ensembles
from chainofsteps.probes.noise.count import perturbed
from chainofsteps.probes.noise.spec import expand

ROOT = Path(__file__).parents[1]
LARGE = "vbvr-wan2.2"  # the model of 14B parameters that the share of the overhead is told for
LARGE_LAYERS, LARGE_LATENT_FRAMES = 40, 21
SHARD, LARGE_SHARD = 24, 2  # cases of a job: of config.yaml, and of the large model
SHARE = 0.05  # of a job's time


def cpu(command: Sequence[str | Path], turns: int = 1) -> tuple[float, str]:
    """(seconds of CPU of a command and of all that it starts: the median of its turns, what it printed)."""
    seconds = []
    for _ in range(turns):
        before = _spent()
        run = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            raise RuntimeError(run.stdout)
        seconds.append(_spent() - before)
    return statistics.median(seconds), run.stdout


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def dry_run(config: Path, folder: Path, target: str, turns: int = 1, **cases: int) -> tuple[float, int]:
    """(seconds of CPU of `snakemake -n target`, how many jobs it would run), with such `cases` in the configuration."""
    (folder / "cases.yaml").write_text(yaml.safe_dump({"cases": cases}))
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder]
    seconds, printed = cpu([*command, "--configfile", config, folder / "cases.yaml", "-n", "--", target], turns)
    return seconds, int(re.search(r"^total +(\d+)$", printed, re.M)[1])


def imports(script: str, turns: int) -> float:
    """Seconds of CPU of a Python that imports what a script of the workflow imports."""
    lines = ast.parse((ROOT / "scripts" / script).read_text()).body
    wanted = [ast.unparse(line) for line in lines if isinstance(line, (ast.Import, ast.ImportFrom))]
    return cpu([sys.executable, "-c", "\n".join(wanted)], turns)[0]


def loading(checkpoint: Path, sampling: Sampling, turns: int) -> float:
    """Seconds by the clock to have a transformer on its device, its file in the page cache."""
    seconds = []
    for _ in range(turns + 1):  # the first one reads the file
        began = time.perf_counter()
        Experts(checkpoint, sampling).at(1000.0)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def forwards_of_a_job(config: Mapping[str, Any]) -> dict[str, int]:
    """Forwards of the jobs of one case of the large model, by rule, as the plan counts them."""
    model = config["models"][LARGE]
    branches = 2 if model["guidance_scale"] > 1 else 1
    steps, seeds, merged = model["steps"], len(config["trajectory"]["seeds"]), config["ensemble"]
    noise = expand(config["noise"], steps, LARGE_LATENT_FRAMES)
    merges = windows.expand(merged, LARGE_LAYERS)
    counts = {
        "trajectory": baseline(steps, branches) * len(untouched_seeds(config)),
        "noise": perturbed(noise, steps, branches, config["similarity"]["features"]) * seeds,
        "ensemble": ensembles(merges, len(merged["seeds"]), steps, LARGE_LAYERS, branches),
    }
    return {rule: count.planned for rule, count in counts.items()}


def figures(
    config: Path,
    settings: Mapping[str, Any],
    checkpoint: Path,
    sampling: Sampling,
    cases: int,
    turns: int,
    folder: Path,
) -> list[tuple[str, float, str, float | None, str]]:
    """(name, value, unit, goal, detail) of each figure. config: the file; settings: what it says; cases: in the DAG."""
    python, _ = cpu([sys.executable, "-c", ""], turns)
    start, _ = dry_run(config, folder, f"results/model/{settings['model']}.json", turns)
    imported, loaded = imports("noise.py", turns) - python, loading(checkpoint, sampling, turns)
    number = -(-cases // len(settings["cases"]["tasks"]))
    dags = {size: dry_run(config, folder, "all", number=number, shard_size=size) for size in (SHARD, LARGE_SHARD)}
    job = 2 * start + python + imported
    medians = f"CPU seconds, median of {turns}"
    in_seconds = [
        *(
            (f"DAG of {cases:,} cases, {size} to a job", seconds, 10.0, f"snakemake -n all: {jobs} jobs; CPU seconds")
            for size, (seconds, jobs) in dags.items()
        ),
        ("a job beside its work", job, None, "Snakemake twice (in SLURM's job and in its step), Python, imports; CPU"),
        ("a job: Snakemake, once", start, None, f"snakemake -n of one job, all of it; {medians}"),
        ("a job: Python", python, None, f"an empty program; {medians}"),
        ("a job: imports", imported, None, f"what scripts/noise.py imports; {medians}"),
        ("a job: the model", loaded, None, f"a transformer from the page cache to its device; median of {turns}"),
    ]
    return [
        *((name, value, "seconds", goal, detail) for name, value, goal, detail in in_seconds),
        share_of_the_smallest_job(settings, job),
    ]


def share_of_the_smallest_job(settings: Mapping[str, Any], seconds: float) -> tuple[str, float, str, float | None, str]:
    """The figure of `seconds` beside the work of the large model's job with the fewest forwards."""
    work = forwards_of_a_job(settings)
    rule, least = min(work.items(), key=lambda item: item[1])
    (published,) = settings["models"][LARGE]["published"]["seconds_per_forward"]
    took = least * published["seconds"]
    every = ", ".join(f"{count:,} in {name}" for name, count in work.items())
    detail = (
        f"of rule {rule} for one case of {LARGE} (forwards: {every}), each forward {published['seconds']} s on an "
        f"{published['hardware']} with {published['tokens']:,} tokens ({published['source']}): {took:,.0f} s; up to "
        f"{SHARE:.0%}, {SHARE * took - seconds:.0f} s are left to load its experts"
    )
    return "a job beside its work, share of the smallest of 14B", seconds / took, "share", SHARE, detail
