"""Success of x0_pred by puzzle and step, and by difficulty and number of right answers too, over all shards."""

from chainofsteps.errors import reported
from chainofsteps.probes.x0_pred.table import summary
from chainofsteps.tables import read_shards, write_table

with reported(snakemake.log[0]):
    table = read_shards(snakemake.input)
    write_table(snakemake.output.table, summary(table, snakemake.params.statistics))
    by = ["difficulty", "right_answers"]
    table = table.sort_values(["task", *by, "step"], kind="stable")
    write_table(snakemake.output.by_difficulty, summary(table, snakemake.params.statistics, by))
