"""Weigh the candidate answers of every step of a shard's untouched runs, beside the ideal denoiser."""

from chainofsteps.names import runs_of
from chainofsteps.probes.candidates.job import model_weights, tables_of, weigh_run
from chainofsteps.probes.candidates.nouns import CANDIDATES
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, CANDIDATES) as job:
    answers, trajectories = job.read("answers"), job.read("trajectory")
    runs = runs_of(job.wildcards.task, job.case_identities, job.params.seeds)
    job.open({name: trajectories.identities[name] for name in runs})
    for name in job.pending("runs"):
        rows = weigh_run(answers, trajectories, runs[name])
        job.save(name, model_weights(rows), rows)
    tables = tables_of(job.rows(), runs, job.columns)
    paths = {name: getattr(job.output, name) for name in tables}
    for name, table in tables.items():
        write_table(paths[name], table)
    job.finish(list(paths.values()))
