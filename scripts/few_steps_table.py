"""Success by puzzle and number of steps, over all shards."""

from chainofsteps.errors import reported
from chainofsteps.tables import read_shards, success, write_table

with reported(snakemake.log[0]):
    table = read_shards(snakemake.input)
    table = table.sort_values(["task", "steps"], kind="stable")
    keys = ["model", "task", "kind", "steps"]
    write_table(snakemake.output.table, success(table, keys, snakemake.params.statistics))
