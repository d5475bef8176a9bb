"""Decode and score the runs of other frame counts, beside those of the own count from their trajectory, and floors."""

from chainofsteps.probes.frames.job import score_case, table_of
from chainofsteps.probes.frames.nouns import SCORE
from chainofsteps.probes.judge import Judge, kit_settings, scores_of
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, SCORE) as job:
    judge, others, trajectories = Judge.of(job), job.read("frames"), job.read("trajectory")
    job.open(job.case_identities, **kit_settings(job))
    for name in job.pending("cases"):
        rows = score_case(judge, name, others, trajectories, job.params.settings)
        job.save(name, scores_of(rows), rows)
    write_table(job.output.table, table_of(job.rows(), job.columns))
    job.finish([job.output.table])
