"""Success and score by puzzle and frame count, and the loss against the own count, over all shards."""

from chainofsteps.bench.categories import category_of
from chainofsteps.errors import reported
from chainofsteps.probes.frames.table import MEAN, by_setting
from chainofsteps.tables import read_shards, write_table

with reported(snakemake.log[0]):
    runs = read_shards(snakemake.input)
    table = by_setting(runs, "frames", snakemake.params.statistics)
    categories = ["" if task == MEAN else category_of(task) for task in table.task]
    table.insert(0, "model", runs.model.iloc[0])
    table.insert(2, "category", categories)
    table.insert(4, "tokens", table.frames.map(runs.groupby("frames").tokens.mean()))
    write_table(snakemake.output.table, table)
