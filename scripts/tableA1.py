"""Table A1: score by window of layers in which seeds are merged, beside what is published."""

import pandas as pd

from chainofsteps.errors import reported
from chainofsteps.figures import paper_captions, paper_notes, paper_tables

with reported(snakemake.log[0]):
    table = pd.read_csv(snakemake.input.windows, dtype={"seeds": str, "seeds_merged": str})
    caption = paper_captions.table_a1(table, snakemake.params.level)
    shown = paper_tables.blocks_a1(table)
    notes = paper_notes.notes("tableA1", int(table.n.max()), snakemake.params.scorer, table.scorer_check)
    paper_tables.write(snakemake.output, table, shown, caption, notes)
