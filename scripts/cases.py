"""Make the puzzles of a shard, or take the cases of a folder; check each and list what it consists of."""

from pathlib import Path

from chainofsteps.files import write_json
from chainofsteps.probes.baseline.cases import checked_cases, kind_of, write_puzzles
from chainofsteps.store.job import Job

with Job(snakemake) as job:
    params, task, names = job.params, job.wildcards.task, list(job.params.names)
    if params.folder is None:
        root = Path(job.output.manifest).parents[1] / "embedded"
        write_puzzles(root, task, names, params.first_seed, **params.drawn)
        made_from = {"root": str(root), "first_seed": params.first_seed, **params.drawn}
    else:
        made_from = {"root": str(params.folder), **params.drawn}
    cases = checked_cases(made_from["root"], task, names, params.noised, *map(made_from.get, ("frames", "fitted")))
    described = {"task": task, "kind": kind_of(task), "recipe": params.recipe}
    write_json(job.output.manifest, {**made_from, **described, "cases": cases})
