"""What noise at a step does to the ideal denoiser's own runs, from the noise of the model's."""

from chainofsteps.names import runs_of
from chainofsteps.probes.candidates.ideal import ideal_noise, table_of
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake) as job:
    answers, trajectories, params = job.read("answers"), job.read("trajectory"), job.params
    runs = runs_of(job.wildcards.task, job.case_identities, params.seeds)
    noise, similarity = params.settings["noise"], params.settings["similarity"]
    found = [ideal_noise(answers, trajectories, run, params.null_seed, noise, similarity) for run in runs.values()]
    write_table(job.output.table, table_of([row for of_run in found for row in of_run], job.columns))
