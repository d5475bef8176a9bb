"""A shard's untouched runs in other frame counts, from the same first frame, prompt and noise; final latents kept."""

from pathlib import Path

import torch

from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.model.sizes import frames_of
from chainofsteps.model.wan import Forwards
from chainofsteps.probes.frames.run import shortened, tokens_by_count, tokens_of
from chainofsteps.probes.frames.spec import other_counts
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
        "sampling": params.sampling,
        "share_noise_over_cases": params.share_noise_over_cases,
        "model": model["identity"],
        "conditioning": encoded.manifest["settings_hash"],
    }
    shapes = {case: Conditioning.from_tensors(encoded.load(case)[0]).latents_shape for case in encoded.cases}
    names = {
        f"{case}-seed{seed}-frames{count}": (case, seed, count)
        for case, shape in shapes.items()
        for count in other_counts(params.counts, frames_of(shape[2]))  # checked for all before any is run
        for seed in params.seeds
    }
    identities = {name: encoded.identities[case] for name, (case, _, _) in names.items()}
    manifest = Path(snakemake.output.manifest)
    shard = Shard(manifest, "frames", settings, params.recipe, identities, snakemake.config["shared"])
    experts, sigmas = Experts.of(model, sampling), schedule.sigmas(sampling.steps, sampling.shift)
    left = len(shard.pending(list(names))) * sampling.steps
    with progress(f"frames {task} {snakemake.wildcards.shard}", left, "steps") as line:
        for piece in pieces(shard, dict.fromkeys(names, sigmas), sampling.boundary):
            (case, seed, count), counter = names[piece.run], Forwards()
            conditioning, label = shortened(Conditioning.from_tensors(encoded.load(case)[0]), count), f"{task}/{case}"
            velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter)
            noise = initial_latents(shapes[case], label, seed, params.share_noise_over_cases)
            noise = noise[:, :, : conditioning.latents_shape[2]]  # the first latent frames of the own run's noise
            plain = Plain(conditioning.begin(noise), sigmas, label)
            state = advance(plain, velocity, plain.resume(piece.before), piece.stop, lambda _: line.update())
            latents = plain.result(state).cpu()
            about = {"case": label, "seed": seed, "frames": count, "tokens_per_forward": tokens_of(latents.shape)}
            piece.save({"latents": latents} if piece.last else state.to_tensors(), counter.total, **about)
    tokens = tokens_by_count(shard.load(name)[0]["latents"].shape for name in names)
    shard.finish(list(names), tokens_per_forward=tokens, **made_with(sampling))
