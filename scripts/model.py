"""Check a checkpoint folder and its adapters, and list what they consist of."""

from chainofsteps.files import write_json
from chainofsteps.store.job import Job
from chainofsteps.store.model import model_manifest

with Job(snakemake) as job:
    manifest = model_manifest(job.params.folder, job.params.lora, job.input.downloads)
    write_json(job.output.manifest, manifest)
