"""Decode and score the runs of other frame counts, beside those of the own count from their trajectory, and floors."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.scoring import references, scores
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import device_of
from chainofsteps.probes.frames.run import tokens_of
from chainofsteps.probes.frames.spec import other_counts
from chainofsteps.probes.frames.table import FRAMES_COLUMNS
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    model, cases = read_json(given.model), read_json(given.cases)
    others, trajectories = read_shard(given.frames), read_shard(given.trajectory)
    settings = {reader.manifest["noun"]: reader.manifest["settings_hash"] for reader in (others, trajectories)}
    settings |= {"counts": params.counts, "seeds": params.seeds}
    identities = {name: of_case["identity"] for name, of_case in cases["cases"].items()}
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "frames_score", settings, params.recipe, identities, shared)
    vae = load_vae(model["folder"], device=device_of(snakemake.config, name_of_model))
    names = list(cases["cases"])
    pending = shard.pending(names)
    with progress(f"frames_score {task} {snakemake.wildcards.shard}", len(pending), "cases") as line:
        for case in read_cases(cases["root"], task, pending):
            began, rows = time.perf_counter(), []
            for count in [*other_counts(params.counts, case.frames), case.frames]:
                own, shorter = count == case.frames, replace(case, frames=count)
                finals = [
                    trajectories.load(f"{case.name}-seed{seed}")[0]["latents"][-1:]
                    if own
                    else others.load(f"{case.name}-seed{seed}-frames{count}")[0]["latents"]
                    for seed in params.seeds
                ]
                of_count = {"frames": count, "own": own, "tokens": tokens_of(finals[0].shape)}
                of_count |= references(shorter, vae, finals[0].shape)
                values = scores(shorter, vae, torch.cat(finals))
                rows += [{**of_count, "seed": s, "score": v} for s, v in zip(params.seeds, values, strict=True)]
            about = {"rows": rows, "seconds": time.perf_counter() - began}
            shard.save(case.name, {"score": torch.tensor([row["score"] for row in rows])}, about)
            line.update()
    rows = [{"case": case, **row} for case in names for row in json.loads(shard.load(case)[1]["rows"])]
    table = pd.DataFrame(rows).assign(model=name_of_model, task=task, kind=cases["kind"])
    table["exact"] = table.score >= 1
    write_table(snakemake.output.table, table[FRAMES_COLUMNS])
    shard.finish(names, [snakemake.output.table])
