"""Join a table of all tasks and shards, text as it stands: no number is read and written again."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    tables = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in snakemake.input]
    write_table(snakemake.output.table, pd.concat(tables))
