"""Decode and score the runs of other numbers of steps, beside those of the model's own number from their trajectory."""

from chainofsteps.probes.few_steps.job import score_case, table_of
from chainofsteps.probes.few_steps.nouns import SCORE
from chainofsteps.probes.judge import Judge, kit_settings
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, SCORE) as job:
    judge, params = Judge.of(job), job.params
    few, trajectories = job.read("few_steps"), job.read("trajectory")
    job.open(job.case_identities, **kit_settings(job))
    for name in job.pending("cases"):
        scores = score_case(judge, name, few, trajectories, params.settings, params.own_steps)
        job.save(name, scores)
    scores = {name: job.shard.load(name)[0]["score"] for name in job.names}
    write_table(job.output.table, table_of(scores, params.settings, job.columns))
    job.finish([job.output.table])
