"""Scores of the ensembles and of what they are held against, by puzzle, category and domain; and Table A1 of them."""

from chainofsteps.errors import reported
from chainofsteps.probes.ensemble.table import summary, table_a1
from chainofsteps.tables import read_shards, write_table

with reported(snakemake.log[0]):
    rows = read_shards(snakemake.input, {"steps": str})
    params = snakemake.params
    table = summary(rows, params.statistics, params.seeds, params.headroom)
    write_table(snakemake.output.table, table)
    write_table(snakemake.output.windows, table_a1(table, params.of_layers))
