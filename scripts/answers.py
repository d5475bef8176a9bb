"""Encode the candidate answers of every case of a shard with the model's own VAE."""

from chainofsteps.probes.candidates.job import encode_case
from chainofsteps.probes.candidates.nouns import ANSWERS
from chainofsteps.probes.judge import Judge
from chainofsteps.store.job import Job

with Job(snakemake, ANSWERS) as job:
    judge = Judge.of(job)
    job.open(job.case_identities)
    for case in job.pending("cases"):
        job.save(case, *encode_case(judge, case))
    job.finish()
