"""Encode the prompt and the first frame of each case of a shard."""

from chainofsteps.bench.cases import listed_cases
from chainofsteps.model.sampling import Sampling, placement
from chainofsteps.probes.baseline.job import Encoder
from chainofsteps.probes.baseline.nouns import CONDITIONING
from chainofsteps.store.job import Job

with Job(snakemake, CONDITIONING) as job:
    job.open(job.case_identities)
    placed = placement(job.config, job.wildcards.model)
    # steps and shift have no part in encoding
    sampling = Sampling(steps=1, shift=1.0, **job.params.settings["encoding"], **placed)
    pending = job.shard.pending(job.names)
    cases = {case.name: case for case in listed_cases(job.cases, pending)}
    encoder = Encoder.of(job.model["folder"], list(cases.values()), sampling) if cases else None
    for name in job.pending("cases"):
        job.save(name, encoder.encode(cases[name]).to_tensors())
    job.finish()
