"""What noise at a step does to the ideal denoiser's own runs, from the noise of the model's."""

from chainofsteps.names import runs_of
from chainofsteps.probes.candidates.ideal import ideal_noise
from chainofsteps.probes.noise.job import cka_table
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake) as job:
    shards, params = (job.read("answers"), job.read("trajectory")), job.params
    runs = runs_of(job.wildcards.task, job.case_identities, params.seeds)
    asked = params.null_seed, params.settings["noise"], params.settings["similarity"]
    rows = {name: ideal_noise(*shards, run, *asked) for name, run in runs.items()}
    write_table(job.output.table, cka_table(rows, job.columns))
