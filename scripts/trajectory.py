"""Run every case of a shard untouched, once for each seed, and keep the latents of all steps."""

from pathlib import Path

import torch

from chainofsteps import schedule
from chainofsteps.conditioning import Conditioning
from chainofsteps.denoise import GuidedVelocity, initial_latents
from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.jobs import pieces, progress
from chainofsteps.models import Experts
from chainofsteps.provenance import attention_backend
from chainofsteps.settings import Sampling
from chainofsteps.shards import Shard, read_shard
from chainofsteps.trajectory import extend
from chainofsteps.transformer import Forwards

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, task = snakemake.params, snakemake.wildcards.task
    sampling, runs = Sampling.from_config(params.sampling), params.trajectory
    model, encoded = read_json(snakemake.input.model), read_shard(snakemake.input.conditioning)
    manifest = Path(snakemake.output.manifest)
    settings = {
        "sampling": sampling.as_dict(),
        "trajectory": runs,
        "model": model["identity"],
        "conditioning": encoded.manifest["settings_hash"],
    }
    shard = Shard(manifest.with_suffix(""), manifest, "trajectory", settings, params.recipe)
    sigmas = schedule.sigmas(sampling.steps, sampling.shift)
    experts = Experts(model["folder"], sampling)
    seeds = [*runs["seeds"], runs["null_seed"]]
    names = {f"{case}-seed{seed}": (case, seed) for case in encoded.cases for seed in seeds}
    described = {"dtype": sampling.dtype, "attention_backend": attention_backend()}
    left = len(shard.pending(list(names))) * sampling.steps
    with progress(f"trajectory {task} {snakemake.wildcards.shard}", left, "steps") as line:
        for piece in pieces(shard, list(names), sigmas, sampling.boundary):
            case, seed = names[piece.run]
            conditioning, counter = Conditioning.from_tensors(encoded.load(case)[0]), Forwards()
            velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter)
            label = f"{task}/{case}"  # the same number in another task is another case, with noise of its own
            prefix = piece.before.get("latents")
            if prefix is None:
                prefix = initial_latents(conditioning.latents_shape, label, seed, runs["share_noise_over_cases"])
            latents = extend(velocity, prefix, sigmas, label, piece.stop, on_step=line.update)
            tensors = {"latents": latents, "sigmas": sigmas}
            piece.save(tensors, counter.total, case=label, seed=seed, **described)
    shard.finish(list(names))
