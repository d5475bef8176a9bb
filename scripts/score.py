"""Decode and score every run of a shard: untouched, re-seeded and perturbed, with floors and ground truth."""

import json
import time
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.evalkit.python import stamped
from chainofsteps.bench.evalkit.scores import scorer
from chainofsteps.bench.scoring import references, scores
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import load_vae
from chainofsteps.model.sampling import device_of
from chainofsteps.probes.noise.rows import finals
from chainofsteps.probes.noise.spec import expand
from chainofsteps.probes.noise.table import SCORE_COLUMNS
from chainofsteps.store.job import progress
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table


def runs_of(case: str, conditioning: Conditioning):
    """(columns, final latents (1, C, F, h, w)) of each run of a case."""
    clean = [(seed, "baseline") for seed in params.trajectory["seeds"]] + [(params.trajectory["null_seed"], "reseed")]
    for seed, run in clean:
        yield {"seed": seed, "run": run}, trajectories.load(f"{case}-seed{seed}")[0]["latents"][-1:]
    runs = expand(perturbed.settings["noise"], params.steps, conditioning.latents_shape[2])
    for seed in params.trajectory["seeds"]:
        latents = perturbed.load(f"{case}-seed{seed}")[0]
        for run, final in zip(runs, finals(latents, runs, conditioning, params.restore_first_frame), strict=True):
            yield {"seed": seed, **run.row()}, final


with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    model, cases = read_json(given.model), read_json(given.cases)
    encoded, trajectories, perturbed = map(read_shard, (given.conditioning, given.trajectory, given.noise))
    manifest = Path(snakemake.output.manifest)
    settings = {
        "restore_first_frame": params.restore_first_frame,
        "seeds": params.trajectory["seeds"],
        "null_seed": params.trajectory["null_seed"],
        "noise": perturbed.manifest["settings_hash"],
        **stamped(params.scorer, given.scorer),
    }
    shard = Shard(manifest, "score", settings, params.recipe, encoded.identities, snakemake.config["shared"])
    pending = shard.pending(encoded.cases)
    device = device_of(snakemake.config, name_of_model)
    vae = load_vae(model["folder"], device=device)
    made = {name: perturbed.manifest[name] for name in ("sampling", "attention_backend")}  # of the runs
    made |= {"vae": {"device": str(device), "dtype": "float32"}}
    judge = scorer(given.scorer, snakemake.config["evalkit"], snakemake.threads)
    with progress(f"score {task} {snakemake.wildcards.shard}", len(pending), "cases") as line:
        for case in read_cases(cases["root"], task, pending):
            began = time.perf_counter()
            conditioning = Conditioning.from_tensors(encoded.load(case.name)[0])
            rows, latents = zip(*runs_of(case.name, conditioning), strict=True)
            values = scores(case, vae, torch.cat(latents), judge)
            rows = [{**row, "score": value} for row, value in zip(rows, values, strict=True)]
            of_references = references(case, vae, conditioning.latents_shape, judge)
            rows += [{"run": run, "score": value} for run, value in of_references.items()]
            rows = [{**row, "latent_frames": conditioning.latents_shape[2]} for row in rows]
            about = {"rows": rows, "seconds": time.perf_counter() - began, **made}
            shard.save(case.name, {"score": torch.tensor([row["score"] for row in rows])}, about)
            line.update()
    rows = [
        {"case": case, "exact": row["score"] >= 1, **row}
        for case in encoded.cases
        for row in json.loads(shard.load(case)[1]["rows"])
    ]
    described = {"model": name_of_model, "task": task, "kind": cases["kind"]}
    table = pd.DataFrame(rows).assign(**described).reindex(columns=SCORE_COLUMNS)
    whole = dict.fromkeys(["seed", "frame", "noise_seed"], "Int64")
    write_table(snakemake.output.table, table.astype(whole))
    shard.finish(encoded.cases, [snakemake.output.table], **made)
