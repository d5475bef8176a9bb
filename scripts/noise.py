"""Every intervention on every untouched run of a shard: final latents, and CKA dissimilarity to that run."""

import json
from pathlib import Path

import pandas as pd
import torch

from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.model.wan import Forwards
from chainofsteps.probes import count as plan
from chainofsteps.probes.noise.run import SAVED_EVERY, Sweep, block_tap
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.probes.noise.spec import expand
from chainofsteps.probes.noise.table import CKA_COLUMNS
from chainofsteps.run.denoise import GuidedVelocity
from chainofsteps.run.probe import advance
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.job import pieces, progress
from chainofsteps.store.provenance import made_with
from chainofsteps.store.shards import Shard, read_shard
from chainofsteps.tables import write_table


def untouched(case: str, seed: int) -> Trajectory:
    name = f"{case}-seed{seed}"
    return Trajectory.from_tensors(trajectories.load(name)[0], trajectories.path(name))


with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    sampling = Sampling.from_config({**params.sampling, **placement(snakemake.config, name_of_model)})
    similarity = Similarity.from_config(params.similarity)
    model, cases = read_json(given.model), read_json(given.cases)
    encoded, trajectories = read_shard(given.conditioning), read_shard(given.trajectory)
    manifest = Path(snakemake.output.manifest)
    settings = {
        "noise": params.noise,
        "similarity": params.similarity,
        "null_seed": params.null_seed,
        "batch_size": sampling.batch_size,
        "trajectory": trajectories.manifest["settings_hash"],
    }
    names = {f"{case}-seed{seed}": (case, seed) for case in encoded.cases for seed in params.seeds}
    identities = {name: encoded.identities[case] for name, (case, _) in names.items()}
    shard = Shard(manifest, "noise", settings, params.recipe, identities, snakemake.config["shared"])
    sigmas = schedule.sigmas(sampling.steps, sampling.shift)
    experts, tap = Experts.of(model, sampling), block_tap(similarity, sampling.steps)
    pending = shard.pending(list(names))
    conditionings = {name: Conditioning.from_tensors(encoded.load(names[name][0])[0]) for name in pending}
    interventions = {
        name: expand(params.noise, sampling.steps, conditioning.latents_shape[2])
        for name, conditioning in conditionings.items()
    }
    samples = sum(
        plan.perturbed(of_run, sampling.steps, features=similarity.features).planned
        for of_run in interventions.values()
    )
    with progress(f"noise {task} {snakemake.wildcards.shard}", samples, "samples") as line:
        for piece in pieces(shard, dict.fromkeys(names, sigmas), sampling.boundary, SAVED_EVERY):
            (case, seed), counter = names[piece.run], Forwards()
            velocity = GuidedVelocity(experts, conditionings[piece.run], sigmas, sampling, counter, tap)
            clean, null = untouched(case, seed), untouched(case, params.null_seed)
            sweep = Sweep(clean, interventions[piece.run], f"{task}/{case}", seed, similarity, null, tap)
            state = sweep.resume(piece.before)
            state = advance(sweep, velocity, state, piece.stop, lambda seen: line.update(len(seen.latents)))
            if not piece.last:
                piece.save(state.to_tensors(), counter.total, **made_with(sampling))
                continue
            result = sweep.result(state)
            rows = [{**row, "case": case} for row in result.rows]
            piece.save(result.latents, counter.total, cka=rows, **made_with(sampling))
    rows = [row for name in names for row in json.loads(shard.load(name)[1]["cka"])]
    table = pd.DataFrame(rows).assign(model=name_of_model, task=task, kind=cases["kind"])[CKA_COLUMNS]
    write_table(snakemake.output.cka, table.astype({"frame": "Int64"}))
    shard.finish(list(names), [snakemake.output.cka], **made_with(sampling))
