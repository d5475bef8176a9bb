"""Held-out cases of one puzzle, solved or not, by the stock diffusers pipeline."""

from chainofsteps.probes.skill.job import Sampler, table_of
from chainofsteps.probes.skill.nouns import SKILL
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, SKILL) as job:
    sampler = Sampler.of(job)
    job.open(dict.fromkeys(job.params.names, ""))
    for name in job.pending("cases"):
        job.save(name, *sampler.solved(job.wildcards.puzzle, int(name)))
    write_table(job.output.table, table_of(job.rows()))
    job.finish([job.output.table])
