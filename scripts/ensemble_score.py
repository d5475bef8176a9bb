"""Decode and score a shard's ensembles, the single runs they are made of, and their baselines, floors and ceiling."""

from chainofsteps.probes.ensemble.job import score_case, table_of
from chainofsteps.probes.ensemble.nouns import SCORE
from chainofsteps.probes.judge import Judge, kit_settings, scores_of_row
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, SCORE) as job:
    judge, merged, trajectories = Judge.of(job), job.read("ensemble"), job.read("trajectory")
    job.open(merged.identities, **kit_settings(job))
    for name in job.pending("cases"):
        row = score_case(judge, name, merged, trajectories)
        job.save(name, scores_of_row(row), [row])
    write_table(job.output.table, table_of(job.rows(), merged, job.model["layers"], job.columns))
    job.finish([job.output.table])
