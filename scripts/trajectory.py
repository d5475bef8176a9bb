"""Run every case of a shard untouched, once for each seed of the rule, and keep the latents of its steps."""

from chainofsteps.names import runs_of
from chainofsteps.probes.baseline.job import record_piece
from chainofsteps.probes.baseline.nouns import UNTOUCHED
from chainofsteps.probes.network import Network
from chainofsteps.store.job import Job

with Job(snakemake, UNTOUCHED[snakemake.rule]) as job:
    # one by one: batches would tie the bits of untouched runs to the batch_size of the noise
    network = Network.of(job, batch_size=1)
    runs = runs_of(job.wildcards.task, network.encoded.cases, job.params.seeds)
    job.open(network.identities(runs))
    for piece in job.pieces(dict.fromkeys(runs, network.sigmas), network.sampling.boundary):
        piece.save(record_piece(network, runs[piece.run], piece, job.params.settings))
    job.finish(**network.about)
