"""Run every case of a shard untouched, once for each seed, and keep the latents of all steps."""

from pathlib import Path

import torch

from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.model.wan import Forwards
from chainofsteps.run.denoise import GuidedVelocity, initial_latents
from chainofsteps.run.probe import advance
from chainofsteps.run.trajectory import Recording
from chainofsteps.store.job import pieces, progress
from chainofsteps.store.provenance import made_with
from chainofsteps.store.shards import Shard, read_shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, task = snakemake.params, snakemake.wildcards.task
    # untouched runs go one by one: batches would tie their bits to the batch_size of the noise
    sampling = Sampling.from_config(
        {**params.sampling, "batch_size": 1, **placement(snakemake.config, snakemake.wildcards.model)}
    )
    model, encoded = read_json(snakemake.input.model), read_shard(snakemake.input.conditioning)
    manifest = Path(snakemake.output.manifest)
    settings = {
        "sampling": params.sampling,
        "share_noise_over_cases": params.share_noise_over_cases,
        "model": model["identity"],
        "conditioning": encoded.manifest["settings_hash"],
    }
    names = {f"{case}-seed{seed}": (case, seed) for case in encoded.cases for seed in params.seeds}
    identities = {name: encoded.identities[case] for name, (case, _) in names.items()}
    shard = Shard(manifest, "trajectory", settings, params.recipe, identities, snakemake.config["shared"])
    sigmas = schedule.sigmas(sampling.steps, sampling.shift)
    experts = Experts.of(model, sampling)
    left = len(shard.pending(list(names))) * sampling.steps
    with progress(f"trajectory {task} {snakemake.wildcards.shard}", left, "steps") as line:
        for piece in pieces(shard, dict.fromkeys(names, sigmas), sampling.boundary):
            case, seed = names[piece.run]
            conditioning, counter = Conditioning.from_tensors(encoded.load(case)[0]), Forwards()
            velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter)
            label = f"{task}/{case}"  # the same number in another task is another case, with noise of its own
            noise = initial_latents(conditioning.latents_shape, label, seed, params.share_noise_over_cases)
            recording = Recording(conditioning.begin(noise), sigmas, label)
            state = recording.resume(piece.before)
            state = advance(recording, velocity, state, piece.stop, lambda _: line.update())
            piece.save(state.to_tensors(), counter.total, case=label, seed=seed, **made_with(sampling))
    shard.finish(list(names), **made_with(sampling))
