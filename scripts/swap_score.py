"""Read in latents whose answer each swapped run of a shard shows; beside them the clean runs of both sides."""

import torch

from chainofsteps.names import runs_of
from chainofsteps.probes.swap.nouns import SCORE
from chainofsteps.probes.swap.score import Reading, table_of
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, SCORE) as job:
    work = Reading.of(job)
    runs = runs_of(job.wildcards.task, job.case_identities, job.params.seeds)
    job.open({name: work.swapped.identities[name] for name in runs})
    for name in job.pending("pairs"):
        rows = work.rows(runs[name])
        job.save(name, {"rows": torch.tensor(len(rows))}, rows)
    write_table(job.output.table, table_of(job.rows(), runs, job.columns))
    job.finish([job.output.table], skipped=work.swapped.manifest["skipped"])
