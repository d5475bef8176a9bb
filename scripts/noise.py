"""Every intervention on every untouched run of a shard: final latents, and CKA dissimilarity to that run."""

from chainofsteps.names import runs_of
from chainofsteps.probes.noise.job import Perturbing, cka_table
from chainofsteps.probes.noise.nouns import NOISE
from chainofsteps.probes.noise.run import SAVED_EVERY
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, NOISE) as job:
    work = Perturbing.of(job)
    network = work.network
    runs = runs_of(job.wildcards.task, network.encoded.cases, job.params.seeds)
    job.open(network.identities(runs))
    samples = work.samples(runs[name] for name in job.shard.pending(job.names))
    sigmas = dict.fromkeys(runs, network.sigmas)
    for piece in job.pieces(sigmas, network.sampling.boundary, samples, "samples", SAVED_EVERY):
        piece.save(work.perturb(runs[piece.run], piece))
    write_table(job.output.cka, cka_table(job.rows(), job.columns))
    job.finish([job.output.cka], **network.about)
