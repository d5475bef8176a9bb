"""Have one repository's files on this machine, and say what they are."""

from chainofsteps.files import write_json
from chainofsteps.store.download import fetch
from chainofsteps.store.job import Job

with Job(snakemake) as job:
    write_json(job.output.manifest, fetch(job.params.source, job.params.folder))
