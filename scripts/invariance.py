"""How much x0_pred at the first step, and the finished latents, vary over the noises of each case."""

from chainofsteps.files import read_json
from chainofsteps.probes.invariance.table import table
from chainofsteps.store.job import Job
from chainofsteps.store.reader import read_shard
from chainofsteps.tables import write_table

with Job(snakemake) as job:
    count, files = len(job.input.cases), job.input.trajectories  # of each noun of untouched runs, in the same order
    shards = [read_shard(*files[index::count]) for index in range(count)]
    pairs = zip(shards, map(read_json, job.input.cases), strict=True)
    write_table(job.output.table, table(list(pairs), job.params.seeds))
