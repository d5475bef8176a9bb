"""Decode and score the runs of other numbers of steps, beside those of the model's own number from their trajectory."""

import time
from itertools import product
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.evalkit.python import stamped
from chainofsteps.bench.evalkit.scores import scorer
from chainofsteps.bench.scoring import scores
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import device_of
from chainofsteps.probes.few_steps.table import FEW_STEPS_COLUMNS
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    model, cases = read_json(given.model), read_json(given.cases)
    few, trajectories = read_shard(given.few_steps), read_shard(given.trajectory)
    settings = {reader.manifest["noun"]: reader.manifest["settings_hash"] for reader in (few, trajectories)}
    settings |= {"steps": params.steps, "seeds": params.seeds, **stamped(params.scorer, given.scorer)}
    identities = {name: of_case["identity"] for name, of_case in cases["cases"].items()}
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "few_steps_score", settings, params.recipe, identities, shared)
    vae = load_vae(model["folder"], device=device_of(snakemake.config, name_of_model))
    names = list(cases["cases"])
    pending = shard.pending(names)
    judge = scorer(given.scorer, snakemake.config["evalkit"], snakemake.threads)
    with progress(f"few_steps_score {task} {snakemake.wildcards.shard}", len(pending), "cases") as line:
        for case in read_cases(cases["root"], task, pending):
            began = time.perf_counter()
            finals = [
                trajectories.load(f"{case.name}-seed{seed}")[0]["latents"][-1:]
                if steps == params.own_steps
                else few.load(f"{case.name}-seed{seed}-steps{steps}")[0]["latents"]
                for steps in params.steps
                for seed in params.seeds
            ]
            values = torch.tensor(scores(case, vae, torch.cat(finals), judge))
            shard.save(case.name, {"score": values}, {"seconds": time.perf_counter() - began})
            line.update()
    rows = []
    for case in names:
        runs = zip(product(params.steps, params.seeds), shard.load(case)[0]["score"].tolist(), strict=True)
        rows += [{"case": case, "steps": steps, "seed": seed, "score": score} for (steps, seed), score in runs]
    table = pd.DataFrame(rows).assign(model=name_of_model, task=task, kind=cases["kind"])
    table["exact"] = table.score >= 1
    write_table(snakemake.output.table, table[FEW_STEPS_COLUMNS])
    shard.finish(names, [snakemake.output.table])
