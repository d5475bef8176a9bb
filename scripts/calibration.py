"""Ask the denoiser alone: noisy latents of every right answer, and the weights of its x0_pred."""

from chainofsteps.probes.candidates.calibration import items, table_of, teacher_forced
from chainofsteps.probes.candidates.nouns import CALIBRATION
from chainofsteps.probes.network import Network
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, CALIBRATION) as job:
    network, answers = Network.of(job), job.read("answers")
    asked = items(job.wildcards.task, network.encoded.cases, job.params.seeds, job.params.steps)
    job.open(network.identities({name: run for name, (run, _) in asked.items()}))
    for name in job.pending("forwards"):
        tensors, rows, forwards = teacher_forced(network, answers, *asked[name])
        job.save(name, tensors, rows, forwards=forwards)
    write_table(job.output.table, table_of(job.rows(), asked, job.columns))
    job.finish([job.output.table], **network.about)
