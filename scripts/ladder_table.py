"""Success and right weight of every model of the ladder, by puzzle, number of steps and kind of run."""

from chainofsteps.errors import reported
from chainofsteps.probes.ladder.table import summary
from chainofsteps.tables import read_shards, write_table

with reported(snakemake.log[0]):
    rows = read_shards(snakemake.input)
    write_table(snakemake.output.table, summary(rows, snakemake.params.statistics))
