"""Draws Figure A13 from the table of activations."""

import pandas as pd

from chainofsteps.figures import figA13, layer_curves
from chainofsteps.figures.drawn import Drawing

with Drawing(snakemake) as drawing:
    activations = pd.read_csv(drawing.input.activations)
    drawing.write(
        figA13.draw(activations),
        "Figure A13: sparsity of token activations",
        finding=figA13.finding(activations),
        caption=figA13.caption(activations, drawing.params.model, drawing.params.level),
        summary=figA13.summary(activations),
        tables={"points": layer_curves.shown_rows(activations)},
        of=["activations"],
    )
