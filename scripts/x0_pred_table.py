"""Success of x0_pred by puzzle and step, over all shards."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.tables import write_table
from chainofsteps.x0_pred import summary

with reported(snakemake.log[0]):
    table = pd.concat([pd.read_csv(path, dtype={"case": str}) for path in snakemake.input])
    write_table(snakemake.output.table, summary(table, snakemake.params.statistics))
