"""A shard's untouched runs in other frame counts, from the same first frame, prompt and noise; final latents kept."""

from chainofsteps.probes.frames.job import run_piece, runs_at
from chainofsteps.probes.frames.nouns import FRAMES
from chainofsteps.probes.frames.run import tokens_by_count
from chainofsteps.probes.network import Network
from chainofsteps.store.job import Job

with Job(snakemake, FRAMES) as job:
    network, params = Network.of(job, batch_size=1), job.params
    runs = runs_at(network, job.wildcards.task, params.counts, params.seeds)  # all are checked before any is run
    job.open(network.identities({name: run for name, (run, _) in runs.items()}))
    for piece in job.pieces(dict.fromkeys(runs, network.sigmas), network.sampling.boundary):
        share_noise = params.settings["share_noise_over_cases"]
        piece.save(run_piece(network, *runs[piece.run], piece, share_noise))
    tokens = tokens_by_count(job.shard.load(name)[0]["latents"].shape for name in runs)
    job.finish(tokens_per_forward=tokens, **network.about)
