"""Draws Figure B3 from the table and the rows of the ladder."""

import pandas as pd

from chainofsteps.figures import figB3, figB3_text
from chainofsteps.figures.drawn import Drawing
from chainofsteps.figures.words import listed
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    table, rows, params = pd.read_csv(drawing.input.table), read_shards(drawing.input.rows), drawing.params
    drawing.write(
        figB3.draw(table, rows, params.statistics),
        "Figure B3: steps and layers",
        finding=figB3_text.finding(table),
        caption=figB3_text.caption(table, params.ladder, params.statistics),
        summary=figB3_text.summary(table, rows, params.statistics),
        tables={"points": table},
        of=["table", "rows"],
        models=listed(table.model),
    )
