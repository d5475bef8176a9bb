"""Table 1: published scores by category, and what the model's skill on the puzzles is, with floor and ground truth."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.figures import paper_tables
from chainofsteps.tables import read_shards

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    skill, ensembles = read_shards(given.skill), read_shards(given.ensemble)
    measured = paper_tables.from_skill(snakemake.config["model"], skill)
    measured += paper_tables.from_ensemble(snakemake.config["model"], ensembles, "20-29", "mean")
    table = paper_tables.table1(pd.read_csv(given.published), measured, params.statistics)
    caption = paper_tables.caption1(table, params.statistics["level"])
    paper_tables.write(output, table, paper_tables.shown1(table), caption, paper_tables.NOTES["table1"])
