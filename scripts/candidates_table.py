"""Choice or search, over all runs: weights by puzzle and step, and commitment, bits and residuals by puzzle."""

from chainofsteps.probes.candidates.calibration import means
from chainofsteps.probes.candidates.table import by_puzzle, by_step, reliable
from chainofsteps.store.job import Job
from chainofsteps.tables import read_shards, write_table

with Job(snakemake) as job:
    names = ("steps", "runs", "calibration", "blends")
    steps, runs, calibration, blends = (read_shards(getattr(job.input, name)) for name in names)
    write_table(job.output.by_step, by_step(steps, reliable(runs), job.params.statistics))
    write_table(job.output.table, by_puzzle(runs, blends, job.params.statistics))
    write_table(job.output.calibration, means(calibration, job.params.statistics).round(4))
