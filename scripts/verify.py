"""Check all results that are there against their manifests and the configuration: one line for each problem."""

from chainofsteps.plan.verify import Configured, checked
from chainofsteps.store.job import Job

with Job(snakemake) as job:
    # the log, wherever the job ran, is what `onsuccess` shows
    checked("results", Configured(**job.params.configured), job.log)
