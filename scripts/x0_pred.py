"""Decode x0_pred of every step of a shard's untouched runs, score it, and read what it supports."""

from chainofsteps.names import runs_of
from chainofsteps.probes.judge import Judge, kit_settings, scores_of
from chainofsteps.probes.x0_pred.job import read_run, tables_of
from chainofsteps.probes.x0_pred.nouns import X0_PRED
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, X0_PRED) as job:
    judge, trajectories = Judge.of(job), job.read("trajectory")
    runs = runs_of(judge.task, job.case_identities, job.params.seeds)
    job.open({name: trajectories.identities[name] for name in runs}, **kit_settings(job))
    for name in job.pending("runs"):
        rows = read_run(judge, runs[name], trajectories)
        job.save(name, scores_of(rows), rows)
    tables = tables_of(job.rows(), runs, judge.cases(job.case_identities), job.columns)
    paths = {name: getattr(job.output, name) for name in tables}
    for name, table in tables.items():
        write_table(paths[name], table)
    job.finish(list(paths.values()))
