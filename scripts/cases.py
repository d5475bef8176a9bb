"""Make the puzzles of a shard, or take the cases of a folder; check each and list what it consists of."""

from pathlib import Path

from chainofsteps.bench.cases import check_scorable, read_cases, write_case
from chainofsteps.bench.puzzles import PUZZLES, draw
from chainofsteps.errors import InputError, reported
from chainofsteps.files import fingerprint, sha256, write_json
from chainofsteps.model.sizes import latent_frames_of
from chainofsteps.names import case_files, split_of
from chainofsteps.probes.indices import indices

with reported(snakemake.log[0]):
    params, task, manifest = snakemake.params, snakemake.wildcards.task, Path(snakemake.output.manifest)
    if params.folder is None:
        root = manifest.parents[1] / "embedded"
        for name in params.names:
            puzzle = draw(task, params.first_seed + int(name), held_out=True)
            write_case(root, split_of(task), task, name, puzzle)
    else:
        root = Path(params.folder)
    cases = {}
    for case in read_cases(root, task, list(params.names)):
        try:
            indices("noise.frames", params.frames, latent_frames_of(case.frames))
        except InputError as error:
            raise InputError(f"case {task}/{case.name}: {error}") from error
        check_scorable(case)
        files = {path.name: sha256(path) for path in case_files(case.folder)}
        cases[case.name] = {"identity": fingerprint(files), "files": files}
    made_from = {"root": str(root)} if params.folder else {"root": str(root), "first_seed": params.first_seed}
    kind = PUZZLES[task].KIND if task in PUZZLES else "benchmark"
    write_json(manifest, {**made_from, "task": task, "kind": kind, "recipe": params.recipe, "cases": cases})
