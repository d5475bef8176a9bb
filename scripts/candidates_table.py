"""Choice or search, over all runs: weights by puzzle and step, and commitment, bits and residuals by puzzle."""

from chainofsteps.probes.candidates.calibration import by_observer
from chainofsteps.probes.candidates.table import by_puzzle, by_step, reliable
from chainofsteps.store.job import Job
from chainofsteps.tables import read_shards, write_table

with Job(snakemake) as job:
    steps, runs, calibration = (read_shards(getattr(job.input, name)) for name in ("steps", "runs", "calibration"))
    write_table(job.output.by_step, by_step(steps, reliable(runs), job.params.statistics))
    write_table(job.output.table, by_puzzle(runs, job.params.statistics))
    write_table(job.output.calibration, by_observer(calibration).round(4))
