"""Hidden states of a shard's stored runs at every depth: one forward for each step that is asked for."""

from chainofsteps.names import runs_of
from chainofsteps.probes.linear_readout.job import states_piece
from chainofsteps.probes.linear_readout.nouns import LINEAR_READOUT
from chainofsteps.probes.network import Network
from chainofsteps.store.job import Job

with Job(snakemake, LINEAR_READOUT) as job:
    network, settings = Network.of(job, batch_size=1), job.params.settings["linear_readout"]
    trajectories = job.read("trajectory")
    runs = runs_of(job.wildcards.task, network.encoded.cases, job.params.seeds)
    job.open(network.identities(runs))
    left = len(job.shard.pending(job.names)) * len(settings["steps"])
    for piece in job.pieces(dict.fromkeys(runs, network.sigmas), network.sampling.boundary, left):
        piece.save(states_piece(network, runs[piece.run], piece, trajectories, settings))
    job.finish(**network.about)
