"""EvalKit's scores of all shards in one table, and their means with intervals."""

from chainofsteps.bench.evalkit.scores import checked, summary
from chainofsteps.errors import reported
from chainofsteps.tables import read_shards, write_table

with reported(snakemake.log[0]):
    table, params = read_shards(snakemake.input, {"seed": "Int64"}), snakemake.params
    write_table(snakemake.output.table, checked(table, params.mode))
    write_table(snakemake.output.summary, summary(table, params.statistics, params.mode))
