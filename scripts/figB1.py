"""Draws Figure B1 from the weights of candidate answers by puzzle and step, and the pictures of one run."""

import pandas as pd

from chainofsteps.figures import figB1, grids
from chainofsteps.figures.drawn import Drawing

with Drawing(snakemake) as drawing:
    names = ("by_step", "table", "calibration")
    by_step, by_puzzle, calibration = (pd.read_csv(getattr(drawing.input, name)) for name in names)
    (panel,) = drawing.panels
    (model, sigmas), (ideal, _) = (grids.load([panel], path) for path in (drawing.input.pictures, drawing.input.ideal))
    pictures = figB1.Pictures(panel, model[panel.name], ideal[panel.name], sigmas[panel.name])
    drawing.write(
        figB1.draw(by_step, by_puzzle, calibration, pictures),
        "Figure B1: choice or search",
        finding=figB1.finding(by_puzzle),
        caption=figB1.caption(panel, by_step, by_puzzle, drawing.about),
        summary=figB1.summary(by_puzzle),
        tables={"points": by_step},
        of=["by_step", "table", "calibration", "pictures", "ideal"],
    )
