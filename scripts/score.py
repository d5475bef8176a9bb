"""Decode and score every run of a shard: untouched, re-seeded and perturbed, with floors and ground truth."""

from chainofsteps.probes.judge import kit_settings, scores_of
from chainofsteps.probes.noise.nouns import SCORE
from chainofsteps.probes.noise.score import Scoring, table_of
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, SCORE) as job:
    work = Scoring.of(job)
    job.open(work.encoded.identities, **kit_settings(job))
    for case in job.pending("cases"):
        rows = work.rows(case)
        job.save(case, scores_of(rows), rows, **work.about)
    write_table(job.output.table, table_of(job.rows(), job.columns))
    job.finish([job.output.table], **work.about)
