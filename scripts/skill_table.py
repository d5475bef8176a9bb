"""The skill of all puzzles in one table."""

from chainofsteps.errors import reported
from chainofsteps.probes.skill.table import summary
from chainofsteps.tables import read_shards, write_table

with reported(snakemake.log[0]):
    rows = read_shards(snakemake.input)
    write_table(snakemake.output.table, summary(rows, snakemake.params.level))
