"""Draws Figure 7 from the table of the ensembles."""

import pandas as pd

from chainofsteps.figures import fig7, fig7_text
from chainofsteps.figures.drawn import Drawing

with Drawing(snakemake) as drawing:
    table = pd.read_csv(drawing.input.table, dtype={"seeds": str, "steps": str})
    points = fig7.points(table)
    drawing.write(
        fig7.draw(points, drawing.params.ensemble),
        "Figure 7: seeds merged inside the network",
        finding=fig7_text.finding(table),
        caption=fig7_text.caption(table, drawing.params),
        summary=fig7_text.summary(table),
        tables={"points": points},
        of=["table"],
    )
