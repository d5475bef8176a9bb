"""Every ensemble of a shard's cases, from the stored trajectories of its seeds; only the final latents are kept."""

from pathlib import Path

import torch

from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.model.wan import Forwards
from chainofsteps.probes.ensemble import spec as windows
from chainofsteps.probes.ensemble.run import Ensembles
from chainofsteps.run.denoise import GuidedVelocity
from chainofsteps.run.probe import advance
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.job import pieces, progress
from chainofsteps.store.provenance import made_with
from chainofsteps.store.shards import Shard, read_shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, number) = snakemake.params, snakemake.input, snakemake.wildcards
    sampling = Sampling.from_config({**params.sampling, **placement(snakemake.config, name_of_model)})
    model, encoded, trajectories = read_json(given.model), read_shard(given.conditioning), read_shard(given.trajectory)
    settings = {
        "ensemble": params.ensemble,
        "batch_size": sampling.batch_size,
        "trajectory": trajectories.manifest["settings_hash"],
    }
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "ensemble", settings, params.recipe, encoded.identities, shared)
    sigmas = schedule.sigmas(sampling.steps, sampling.shift)
    experts, runs = Experts.of(model, sampling), windows.expand(params.ensemble, model["layers"])
    left = len(shard.pending(encoded.cases)) * sampling.steps
    with progress(f"ensemble {task} {number}", left, "steps") as line:
        for piece in pieces(shard, dict.fromkeys(encoded.cases, sigmas), sampling.boundary):
            conditioning, counter = Conditioning.from_tensors(encoded.load(piece.run)[0]), Forwards()
            velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter)
            names = [f"{piece.run}-seed{seed}" for seed in params.ensemble["seeds"]]
            seeds = [Trajectory.from_tensors(trajectories.load(name)[0], trajectories.path(name)) for name in names]
            ensembles = Ensembles(runs, seeds, conditioning, f"{task}/{piece.run}")
            state = advance(ensembles, velocity, ensembles.resume(piece.before), piece.stop, lambda _: line.update())
            kept = ensembles.result(state) if piece.last else state.to_tensors()
            piece.save(kept, counter.total, **made_with(sampling))
    shard.finish(encoded.cases, **made_with(sampling))
