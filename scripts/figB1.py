"""Draws Figure B1 from the weights of candidate answers by puzzle and step."""

import pandas as pd

from chainofsteps.figures import figB1
from chainofsteps.figures.drawn import Drawing

with Drawing(snakemake) as drawing:
    by_step, by_puzzle = (pd.read_csv(getattr(drawing.input, name)) for name in ("by_step", "table"))
    drawing.write(
        figB1.draw(by_step, by_puzzle),
        "Figure B1: choice or search",
        caption=figB1.caption(by_step, drawing.about),
        summary=figB1.summary(by_step, by_puzzle),
        tables={"points": by_step},
        of=["by_step", "table"],
    )
