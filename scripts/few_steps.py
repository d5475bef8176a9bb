"""A shard's untouched runs in other numbers of steps, from the same noise; only the final latents are kept."""

from dataclasses import replace
from pathlib import Path

import torch

from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.model.wan import Forwards
from chainofsteps.run.denoise import GuidedVelocity, Plain, initial_latents
from chainofsteps.run.probe import advance
from chainofsteps.store.job import pieces, progress
from chainofsteps.store.provenance import made_with
from chainofsteps.store.shards import Shard, read_shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, task = snakemake.params, snakemake.wildcards.task
    sampling = Sampling.from_config(
        {**params.sampling, "batch_size": 1, **placement(snakemake.config, snakemake.wildcards.model)}
    )
    model, encoded = read_json(snakemake.input.model), read_shard(snakemake.input.conditioning)
    settings = {
        "sampling": params.sampling,  # its own number of steps has no part in this, but the rest has
        "share_noise_over_cases": params.share_noise_over_cases,
        "model": model["identity"],
        "conditioning": encoded.manifest["settings_hash"],
    }
    names = {
        f"{case}-seed{seed}-steps{steps}": (case, seed, steps)
        for steps in params.steps
        for case in encoded.cases
        for seed in params.seeds
    }
    identities = {name: encoded.identities[case] for name, (case, _, _) in names.items()}
    manifest = Path(snakemake.output.manifest)
    shard = Shard(manifest, "few_steps", settings, params.recipe, identities, snakemake.config["shared"])
    experts = Experts.of(model, sampling)
    schedules = {name: schedule.sigmas(steps, sampling.shift) for name, (_, _, steps) in names.items()}
    left = sum(names[name][2] for name in shard.pending(list(names)))
    with progress(f"few_steps {task} {snakemake.wildcards.shard}", left, "steps") as line:
        for piece in pieces(shard, schedules, sampling.boundary):
            (case, seed, steps), sigmas, counter = names[piece.run], schedules[piece.run], Forwards()
            conditioning = Conditioning.from_tensors(encoded.load(case)[0])
            velocity = GuidedVelocity(experts, conditioning, sigmas, replace(sampling, steps=steps), counter)
            label, shape, shared = f"{task}/{case}", conditioning.latents_shape, params.share_noise_over_cases
            plain = Plain(conditioning.begin(initial_latents(shape, label, seed, shared)), sigmas, label)
            state = advance(plain, velocity, plain.resume(piece.before), piece.stop, lambda _: line.update())
            kept = {"latents": plain.result(state).cpu()} if piece.last else state.to_tensors()
            piece.save(kept, counter.total, case=f"{task}/{case}", seed=seed, steps=steps)
    shard.finish(list(names), **made_with(sampling))
