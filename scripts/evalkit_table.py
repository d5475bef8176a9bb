"""EvalKit's scores of all shards in one table, and their means with intervals."""

import pandas as pd

from chainofsteps.bench.evalkit.scores import summary
from chainofsteps.errors import reported
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    table = pd.concat([pd.read_csv(path, dtype={"case": str, "seed": "Int64"}) for path in snakemake.input])
    write_table(snakemake.output.table, table)
    write_table(snakemake.output.summary, summary(table, snakemake.params.statistics))
