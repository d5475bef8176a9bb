"""Score the videos of a shard's swapped runs as the target's and as the source's; beside them the clean runs' own."""

import torch

from chainofsteps.names import runs_of
from chainofsteps.probes.judge import kit_settings
from chainofsteps.probes.swap.nouns import VIDEO_SCORE
from chainofsteps.probes.swap.score import table_of
from chainofsteps.probes.swap.videos import Scoring
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, VIDEO_SCORE) as job:
    work = Scoring.of(job)
    runs = runs_of(job.wildcards.task, job.case_identities, job.params.seeds)
    job.open({name: work.swapped.identities[name] for name in runs}, **kit_settings(job))
    for name in job.pending("pairs"):
        rows = work.rows(runs[name])
        job.save(name, {"rows": torch.tensor(len(rows))}, rows)
    write_table(job.output.table, table_of(job.rows(), runs, job.columns))
    job.finish([job.output.table], skipped=work.swapped.manifest["skipped"])
