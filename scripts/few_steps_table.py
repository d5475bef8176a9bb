"""Success by puzzle and number of steps, over all shards."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.tables import success, write_table

with reported(snakemake.log[0]):
    table = pd.concat([pd.read_csv(path, dtype={"case": str}) for path in snakemake.input])
    table = table.sort_values(["task", "steps"], kind="stable")
    keys = ["model", "task", "kind", "steps"]
    write_table(snakemake.output.table, success(table, keys, snakemake.params.statistics))
