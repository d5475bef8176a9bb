"""Swap layers between the runs of a shard's pairs, from one noise, at the configured steps; see swap_sweep."""

from pathlib import Path

import torch

from chainofsteps.bench.cases import read_cases
from chainofsteps.errors import InputError, reported
from chainofsteps.files import fingerprint, read_json
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.model.wan import Forwards
from chainofsteps.probes.swap import spec as swaps
from chainofsteps.probes.swap.rows import pairs_of
from chainofsteps.probes.swap.run import SwapSweep, same_text
from chainofsteps.run.denoise import GuidedVelocity
from chainofsteps.run.probe import advance
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.job import pieces, progress
from chainofsteps.store.provenance import made_with
from chainofsteps.store.shards import Shard, read_shard


def untouched(case: str, seed: int) -> Trajectory:
    name = f"{case}-seed{seed}"
    return Trajectory.from_tensors(trajectories.load(name)[0], trajectories.path(name))


with reported(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, given, (name_of_model, task, _) = snakemake.params, snakemake.input, snakemake.wildcards
    sampling = Sampling.from_config({**params.sampling, **placement(snakemake.config, name_of_model)})
    model, cases = read_json(given.model), read_json(given.cases)
    encoded, trajectories = read_shard(given.conditioning), read_shard(given.trajectory)
    pairs = pairs_of(read_cases(cases["root"], task, list(cases["cases"])))
    sources = {name: pair.source.name for name, pair in pairs.items() if pair}
    settings = {
        "swap": params.swap,
        "null_seed": params.null_seed,
        "batch_size": sampling.batch_size,
        "trajectory": trajectories.manifest["settings_hash"],
        "pairs": fingerprint({name: [source, encoded.identities[source]] for name, source in sources.items()}),
    }
    names = {f"{case}-seed{seed}": (case, seed) for case in encoded.cases for seed in params.seeds}
    identities = {name: encoded.identities[case] for name, (case, _) in names.items()}
    manifest, shared = Path(snakemake.output.manifest), snakemake.config["shared"]
    shard = Shard(manifest, "swap", settings, params.recipe, identities, shared)
    sigmas, experts = schedule.sigmas(sampling.steps, sampling.shift), Experts.of(model, sampling)
    part, layers = {key: params.swap[key] for key in ("frames", "rows")}, model["layers"]
    left = len(shard.pending(list(names))) * sampling.steps
    with progress(f"swap {task} {snakemake.wildcards.shard}", left, "steps") as line:
        for piece in pieces(shard, dict.fromkeys(names, sigmas), sampling.boundary):
            (case, seed), counter = names[piece.run], Forwards()
            if case not in sources:
                piece.save({"skipped": torch.tensor(True)}, 0.0)
                continue
            givens = [Conditioning.from_tensors(encoded.load(name)[0]) for name in (case, sources[case])]
            if not torch.equal(givens[0].condition, givens[1].condition):
                raise InputError(f"swap: cases {case} and {sources[case]} of {task} differ in more than their prompts")
            velocities = [GuidedVelocity(experts, one, sigmas, sampling, counter) for one in givens]
            clean, of_source = untouched(case, seed), untouched(sources[case], seed)
            stored = of_source if torch.equal(of_source.at(0), clean.at(0)) else None
            asked = swaps.expand(params.swap, sampling.steps, layers, case in params.matrix)
            final = "final" in params.swap["readouts"]
            sweep = SwapSweep(clean, stored, velocities[1], asked, part, f"{task}/{case}", final)
            extra = {key: value for key, value in piece.before.items() if key == "same_text"}
            if piece.start == 0 and "full" in params.swap["modes"]:
                other, of_full = untouched(case, params.null_seed).at(0), sorted({one.layer for one in asked})
                extra["same_text"] = torch.tensor(same_text(velocities[0], other, clean.at(0), 0, of_full))
            state = advance(sweep, velocities[0], sweep.resume(piece.before), piece.stop, lambda _: line.update())
            about = {"source": sources[case], "matrix": case in params.matrix, **made_with(sampling)}
            piece.save({**state.to_tensors(), **extra}, counter.total, **about)
    shard.finish(list(names), skipped=len(pairs) - len(sources), **made_with(sampling))
