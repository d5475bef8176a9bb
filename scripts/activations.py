"""Token norms of a shard's stored runs: one forward for each step that is asked for, no further than the last layer."""

from chainofsteps.names import runs_of
from chainofsteps.probes.activations.job import norms_piece
from chainofsteps.probes.activations.nouns import ACTIVATIONS
from chainofsteps.probes.indices import indices
from chainofsteps.probes.network import Network
from chainofsteps.store.job import Job

with Job(snakemake, ACTIVATIONS) as job:
    network, settings = Network.of(job, batch_size=1), job.params.settings["activations"]
    trajectories, patch = job.read("trajectory"), job.model["patch_size"]
    layers = indices("activations.layers", settings["layers"], job.model["layers"])
    runs = runs_of(job.wildcards.task, network.encoded.cases, job.params.seeds)
    job.open(network.identities(runs))
    left = len(job.shard.pending(job.names)) * len(settings["steps"])
    for piece in job.pieces(dict.fromkeys(runs, network.sigmas), network.sampling.boundary, left):
        piece.save(norms_piece(network, runs[piece.run], piece, trajectories, layers, settings, patch))
    job.finish(layers=layers, **network.about)
