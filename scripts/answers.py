"""Encode the candidate answers of every case of a shard with the model's own VAE, and read blends of two of them."""

from chainofsteps.probes.candidates.blends import table_of
from chainofsteps.probes.candidates.job import encode_case
from chainofsteps.probes.candidates.nouns import ANSWERS
from chainofsteps.probes.judge import Judge
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, ANSWERS) as job:
    judge = Judge.of(job)
    job.open(job.case_identities)
    for case in job.pending("cases"):
        job.save(case, *encode_case(judge, case))
    write_table(job.output.blends, table_of(job.rows(), job.columns))
    job.finish([job.output.blends])
