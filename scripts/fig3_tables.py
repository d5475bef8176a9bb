"""Join the tables of all tasks and shards, text as it stands: no number is read and written again."""

import pandas as pd

from chainofsteps.errors import reported

with reported(snakemake.log[0]):
    for name in ("scores", "cka"):
        tables = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in snakemake.input[name]]
        pd.concat(tables).to_csv(snakemake.output[name], index=False)
