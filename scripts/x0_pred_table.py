"""Success of x0_pred by puzzle and step, and by difficulty and number of right answers too, over all shards."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.probes.x0_pred.table import summary
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    table = pd.concat([pd.read_csv(path, dtype={"case": str}) for path in snakemake.input])
    write_table(snakemake.output.table, summary(table, snakemake.params.statistics))
    by = ["difficulty", "right_answers"]
    table = table.sort_values(["task", *by, "step"], kind="stable")
    write_table(snakemake.output.by_difficulty, summary(table, snakemake.params.statistics, by))
