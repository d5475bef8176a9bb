"""Decode the swapped runs of a shard, and read whose answer each shows; beside them the clean runs of both sides."""

import json
import time
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.scoring import batch_of
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import device_of
from chainofsteps.model.vae import decode
from chainofsteps.probes.swap import spec as swaps
from chainofsteps.probes.swap.rows import COLUMNS, pairs_of
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table


def runs_of(name: str, tensors: dict, matrix: bool):
    """(columns, latents (1, C, F, h, w)) of everything that is read of one pair."""
    readouts = {"x0_pred": "x0_pred", "final": "latents"}
    for one in swaps.expand(params.swap, params.steps, model["layers"], matrix):
        for readout in params.swap["readouts"]:
            yield {**one.row(), "readout": readout}, tensors[f"{readouts[readout]}/{one.name()}"]
    (case, seed), sides = names[name], {}
    for run, side in (("target", case), ("source", pairs[case].source.name)):
        path = trajectories.path(f"{side}-seed{seed}")
        sides[run] = Trajectory.from_tensors(trajectories.load(f"{side}-seed{seed}")[0], path)
    for run, clean in sides.items():
        for steps in map(sorted, params.swap["steps"]):
            for readout in params.swap["readouts"]:
                latents = clean.at(clean.steps) if readout == "final" else clean.x0_pred(steps[-1])
                yield {"run": run, "steps": swaps.words(steps), "readout": readout}, latents


with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    model, cases = read_json(given.model), read_json(given.cases)
    swapped, trajectories = read_shard(given.swap), read_shard(given.trajectory)
    settings = {"swap": swapped.manifest["settings_hash"]}
    names = {f"{case}-seed{seed}": (case, seed) for case in cases["cases"] for seed in params.seeds}
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "swap_score", settings, params.recipe, swapped.identities, shared)
    pairs = pairs_of(read_cases(cases["root"], task, list(cases["cases"])))
    pending = shard.pending(list(names))
    vae = load_vae(model["folder"], device=device_of(snakemake.config, name_of_model))
    with progress(f"swap_score {task} {snakemake.wildcards.shard}", len(pending), "pairs") as line:
        for name in pending:
            began, pair, rows = time.perf_counter(), pairs[names[name][0]], []
            if pair is not None:
                tensors, about = swapped.load(name)
                runs, latents = zip(*runs_of(name, tensors, json.loads(about["matrix"])), strict=True)
                answers, batch = pair.answers, batch_of(latents[0])
                chunks = torch.cat(latents).split(batch)
                videos = (video for chunk in chunks for video in decode(vae, chunk, batch))
                rows = [{**run, **pair.read(video, answers)} for run, video in zip(runs, videos, strict=True)]
                same = dict.fromkeys(["run"], "same_text") | {"mode": "full", "steps": "0", "readout": "velocity"}
                distances = enumerate(tensors["same_text"].tolist() if "same_text" in tensors else [])
                layers = sorted({row["layer"] for row in rows if "layer" in row})
                rows += [{**same, "layer": layers[i], "distance": distance} for i, distance in distances]
                rows = [{**row, "source": pair.source.name, "matrix": json.loads(about["matrix"])} for row in rows]
            shard.save(name, {"rows": torch.tensor(len(rows))}, {"rows": rows, "seconds": time.perf_counter() - began})
            line.update()
    rows = [
        {"case": case, "seed": seed, **row}
        for name, (case, seed) in names.items()
        for row in json.loads(shard.load(name)[1]["rows"])
    ]
    table = pd.DataFrame(rows).assign(model=name_of_model, task=task).reindex(columns=COLUMNS)
    write_table(snakemake.output.table, table.astype({"layer": "Int64"}))
    shard.finish(list(names), [snakemake.output.table], skipped=swapped.manifest["skipped"])
