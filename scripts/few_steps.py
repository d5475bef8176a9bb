"""A shard's untouched runs in other numbers of steps, from the same noise; only the final latents are kept."""

from chainofsteps.probes.few_steps.job import run_piece, runs_at, schedules_of
from chainofsteps.probes.few_steps.nouns import FEW_STEPS
from chainofsteps.probes.network import Network
from chainofsteps.store.job import Job

with Job(snakemake, FEW_STEPS) as job:
    network, params = Network.of(job, batch_size=1), job.params
    runs = runs_at(job.wildcards.task, network.encoded.cases, params.seeds, params.steps)
    job.open(network.identities({name: run for name, (run, _) in runs.items()}))
    schedules = schedules_of(network, runs)
    for piece in job.pieces(schedules, network.sampling.boundary):
        share_noise = params.settings["share_noise_over_cases"]
        piece.save(run_piece(network, runs[piece.run][0], schedules[piece.run], piece, share_noise))
    job.finish(**network.about)
