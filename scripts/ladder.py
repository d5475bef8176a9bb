"""One model of the ladder on every case in every number of steps: right weights, and what is solved, in latents."""

from chainofsteps.probes.ladder.job import Ladder, table_of
from chainofsteps.probes.ladder.nouns import LADDER
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, LADDER) as job:
    work = Ladder.of(job)
    job.open(work.identities, shards=work.shards)
    for name in job.pending("cases"):
        tensors, rows, forwards = work.measure(name)
        job.save(name, tensors, rows, forwards=forwards)
    write_table(job.output.table, table_of(job.rows(), job.wildcards.model, job.model["layers"]))
    job.finish([job.output.table])
