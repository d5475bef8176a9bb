"""Decode and score a shard's ensembles, the single runs they are made of, and their baselines, floors and ceiling."""

import json
import time
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.scoring import references, scores
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import Sampling, device_of
from chainofsteps.probes.ensemble import spec as windows
from chainofsteps.probes.ensemble.run import finals_of
from chainofsteps.probes.ensemble.table import COLUMNS, rows_of
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, number) = snakemake.params, snakemake.input, snakemake.wildcards
    model, cases = read_json(given.model), read_json(given.cases)
    merged, trajectories = read_shard(given.ensemble), read_shard(given.trajectory)
    settings = {reader.manifest["noun"]: reader.manifest["settings_hash"] for reader in (merged, trajectories)}
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "ensemble_score", settings, params.recipe, merged.identities, shared)
    pending = shard.pending(merged.cases)
    vae = load_vae(model["folder"], device=device_of(snakemake.config, name_of_model))
    asked, sampling = merged.settings["ensemble"], Sampling(**merged.manifest["sampling"])
    with progress(f"ensemble_score {task} {number}", len(pending), "cases") as line:
        for case in read_cases(cases["root"], task, pending):
            began = time.perf_counter()
            names = {seed: f"{case.name}-seed{seed}" for seed in asked["seeds"]}
            single = {seed: trajectories.load(name)[0]["latents"][-1:] for seed, name in names.items()}
            finals = finals_of(single, merged.load(case.name)[0])
            values = dict(zip(finals, scores(case, vae, torch.cat(list(finals.values()))), strict=True))
            values |= references(case, vae, tuple(single[asked["seeds"][0]].shape))
            about = {"scores": values, "seconds": time.perf_counter() - began}
            shard.save(case.name, {"score": torch.tensor(list(values.values()))}, about)
            line.update()
    of_all = (windows.expand(asked, model["layers"]), asked["seeds"], sampling, model["layers"])
    rows = [
        {"case": case, **row}
        for case in merged.cases
        for row in rows_of(json.loads(shard.load(case)[1]["scores"]), *of_all)
    ]
    table = pd.DataFrame(rows).assign(model=name_of_model, task=task, kind=cases["kind"])[COLUMNS]
    write_table(snakemake.output.table, table.astype({"seed": "Int64"}))
    shard.finish(merged.cases, [snakemake.output.table])
