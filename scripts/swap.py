"""Swap layers between the runs of a shard's pairs, from one noise, at the configured steps; see probes.swap.run."""

from chainofsteps.names import runs_of
from chainofsteps.probes.swap.job import Swapping
from chainofsteps.probes.swap.nouns import SWAP
from chainofsteps.store.job import Job

with Job(snakemake, SWAP) as job:
    work = Swapping.of(job)
    network = work.network
    runs = runs_of(job.wildcards.task, network.encoded.cases, job.params.seeds)
    job.open(network.identities(runs), pairs=work.pairs)
    for piece in job.pieces(dict.fromkeys(runs, network.sigmas), network.sampling.boundary):
        piece.save(work.swap(runs[piece.run], piece))
    job.finish(skipped=work.skipped, **network.about)
