"""When and how the answer is decided, from the readings of x0_pred: by run, by puzzle and kind, and by step."""

from chainofsteps.errors import reported
from chainofsteps.probes.x0_pred.decided import Thresholds, runs_of
from chainofsteps.probes.x0_pred.decided_tables import of_runs, of_steps, read
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    tables = {name: read(given[name]) for name in ("masses", "frames", "readings")}
    thresholds = Thresholds(**params.thresholds)
    runs = runs_of(tables, thresholds, params.statistics["seed"])
    write_table(output.runs, runs.round(4))
    write_table(output.table, of_runs(runs, params.statistics))
    write_table(output.by_step, of_steps(tables, thresholds, params.statistics))
