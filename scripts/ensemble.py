"""Every ensemble of a shard's cases, from the stored trajectories of its seeds; only the final latents are kept."""

from chainofsteps.probes.ensemble.job import merge_piece
from chainofsteps.probes.ensemble.nouns import ENSEMBLE
from chainofsteps.probes.ensemble.spec import expand
from chainofsteps.probes.network import Network
from chainofsteps.store.job import Job

with Job(snakemake, ENSEMBLE) as job:
    network, settings = Network.of(job), job.params.settings["ensemble"]
    trajectories, runs = job.read("trajectory"), expand(settings, job.model["layers"])
    job.open(network.encoded.identities)
    for piece in job.pieces(dict.fromkeys(job.names, network.sigmas), network.sampling.boundary):
        piece.save(merge_piece(network, job.wildcards.task, piece, trajectories, runs, settings))
    job.finish(**network.about)
