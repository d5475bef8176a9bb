"""Decode a shard's untouched runs and have EvalKit score them, the true clip and the first frame repeated."""

from chainofsteps.bench.evalkit.scores import Kit, settings_of
from chainofsteps.probes.evalkit.job import score_cases, table_of
from chainofsteps.probes.evalkit.nouns import EVALKIT
from chainofsteps.probes.judge import Judge
from chainofsteps.store.job import Job
from chainofsteps.tables import write_table

with Job(snakemake, EVALKIT) as job:
    judge = Judge.of(job)
    kit = Kit.read(job.input.kit, 1, *map(job.config["evalkit"].get, ("time_limit", "crf")))
    job.open(job.case_identities, kit=settings_of(kit))
    score_cases(job, judge, kit)
    table = table_of(job.rows(), judge.task, kit, job.wildcards.model)
    write_table(job.output.table, table)
    job.finish([job.output.table])
