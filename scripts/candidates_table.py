"""Choice or search, over all runs: weights by puzzle and step, and commitment, bits and residuals by puzzle."""

from chainofsteps.probes.candidates import blends, calibration
from chainofsteps.probes.candidates.table import by_puzzle, by_step, reliable
from chainofsteps.store.job import Job
from chainofsteps.tables import read_shards, write_table

with Job(snakemake) as job:
    steps, runs = (read_shards(getattr(job.input, name)) for name in ("steps", "runs"))
    # of puzzles with several right answers, of which the configuration may have none
    read = read_shards(job.input.blends, of_none=blends.COLUMNS)
    asked = read_shards(job.input.calibration, of_none=calibration.COLUMNS)
    write_table(job.output.by_step, by_step(steps, reliable(runs), job.params.statistics))
    write_table(job.output.table, by_puzzle(runs, read, job.params.statistics))
    write_table(job.output.calibration, calibration.means(asked, job.params.statistics).round(4))
