"""EvalKit's scores of all shards in one table, and their means with intervals."""

from chainofsteps.bench.evalkit.scores import summary
from chainofsteps.errors import reported
from chainofsteps.tables import read_shards, write_table

with reported(snakemake.log[0]):
    table = read_shards(snakemake.input, {"seed": "Int64"})
    write_table(snakemake.output.table, table)
    write_table(snakemake.output.summary, summary(table, snakemake.params.statistics))
