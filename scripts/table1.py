"""Table 1: published scores by category, and those of the model with its floor and ground truth: its skill on puzzles,
or its runs and their ensemble on cases of VBVR-Bench."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.figures import paper_captions, paper_notes, paper_tables
from chainofsteps.tables import read_shards

MERGED = "20-29", "mean"  # the window and mode of the paper's row

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    model, ensembles = snakemake.config["model"], read_shards(given.ensemble)
    if params.scorer:
        measured = paper_tables.from_bench(model, ensembles, *MERGED)
    else:
        measured = paper_tables.from_skill(model, read_shards(given.skill))
        measured += paper_tables.from_ensemble(model, ensembles, *MERGED)
    table = paper_tables.table1(pd.read_csv(given.published), measured, params.statistics)
    caption = paper_captions.table1(table, model, params.statistics["level"])
    cases = int(table.n.max())
    notes = paper_notes.notes("table1", cases, params.scorer, table.scorer_check)
    paper_tables.write(output, table, paper_tables.blocks(paper_tables.shown1(table)), caption, notes)
