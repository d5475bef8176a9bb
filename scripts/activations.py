"""Token norms of a shard's stored runs: one forward for each step that is asked for, no further than the last layer."""

from pathlib import Path

import torch

from chainofsteps.errors import reported
from chainofsteps.files import read_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.model.wan import Forwards
from chainofsteps.probes.activations.run import token_norms
from chainofsteps.probes.indices import indices
from chainofsteps.run.denoise import GuidedVelocity
from chainofsteps.run.taps import Tap
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.job import pieces, progress
from chainofsteps.store.provenance import made_with
from chainofsteps.store.shards import Shard, read_shard

with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    sampling = Sampling.from_config({**params.sampling, "batch_size": 1, **placement(snakemake.config, name_of_model)})
    model, encoded, trajectories = read_json(given.model), read_shard(given.conditioning), read_shard(given.trajectory)
    settings = {"activations": params.activations, "trajectory": trajectories.manifest["settings_hash"]}
    names = {f"{case}-seed{seed}": (case, seed) for case in encoded.cases for seed in params.seeds}
    identities = {name: encoded.identities[case] for name, (case, _) in names.items()}
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "activations", settings, params.recipe, identities, shared)
    sigmas, experts = schedule.sigmas(sampling.steps, sampling.shift), Experts.of(model, sampling)
    asked = params.activations
    layers = indices("activations.layers", asked["layers"], model["layers"])
    left = len(shard.pending(list(names))) * len(asked["steps"])
    with progress(f"activations {task} {snakemake.wildcards.shard}", left, "steps") as line:
        for piece in pieces(shard, dict.fromkeys(names, sigmas), sampling.boundary):
            counter, conditioning = Forwards(), Conditioning.from_tensors(encoded.load(names[piece.run][0])[0])
            velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter)
            trajectory = Trajectory.from_tensors(trajectories.load(piece.run)[0], trajectories.path(piece.run))
            _, _, frames, *sides = conditioning.latents_shape
            _, *patch = model["patch_size"]
            grid = [frames, *(side // of for side, of in zip(sides, patch, strict=True))]
            kept = {**piece.before, "grid": torch.tensor(grid)}
            for step in [step for step in asked["steps"] if piece.start <= step < piece.stop]:
                kept |= token_norms(velocity, trajectory.at(step), step, Tap(layers, [step], asked["branch"]))
                line.update()
            piece.save(kept, counter.total, **made_with(sampling))
    shard.finish(list(names), layers=layers, **made_with(sampling))
