"""How far each run of a shard has come towards the nearest right answer, over the whole clip, in latents."""

from chainofsteps.probes.noise.clip import Clips, clip_table
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake) as job:
    work = Clips.of(job)
    rows = [row for case in job.case_identities for row in work.rows(case)]
    write_table(job.output.table, clip_table(rows, job.columns))
