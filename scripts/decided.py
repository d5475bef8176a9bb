"""When and how the answer is decided, from the readings of x0_pred: by run, by puzzle and kind, and by step."""

from chainofsteps.probes.x0_pred.decided import Thresholds, runs_of
from chainofsteps.probes.x0_pred.decided_tables import of_runs, of_steps
from chainofsteps.store.job import Job
from chainofsteps.tables import read_shards, write_table

with Job(snakemake) as job:
    tables = {name: read_shards(getattr(job.input, name)) for name in ("masses", "frames", "readings")}
    thresholds, statistics = Thresholds(**job.params.thresholds), job.params.statistics
    runs = runs_of(tables, thresholds, statistics["seed"])
    write_table(job.output.runs, runs.round(4))
    write_table(job.output.table, of_runs(runs, statistics))
    write_table(job.output.by_step, of_steps(tables, thresholds, statistics))
