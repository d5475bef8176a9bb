"""The share of cases whose answer a linear map reads, by puzzle, step and depth, over all shards."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.probes.linear_readout.table import COLUMNS, read_shards
from chainofsteps.tables import write_table

with reported(snakemake.log[0]):
    params, paths = snakemake.params, snakemake.input
    shards = zip(paths.states, paths.answers, paths.runs, strict=True)
    rows = read_shards(shards, params.fit, params.statistics)
    table = pd.DataFrame([{"model": params.model, **row} for row in rows], columns=COLUMNS)
    write_table(snakemake.output.table, table.round(4))
