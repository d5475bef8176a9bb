"""Draws Figure 2, A9 or A10 from the panels' pictures and the masses of candidates."""

from chainofsteps.figures import fig1, fig2, grids, scored
from chainofsteps.figures.drawn import Drawing
from chainofsteps.probes.x0_pred import masses
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    if not hasattr(drawing.input, "masses"):  # of cases without known answers
        scored.write(drawing, drawing.params.figure)
    else:
        live = drawing.params.thresholds["live"]
        runs = masses.chosen_and_rival(read_shards(drawing.input.masses), live)
        points = masses.curves(runs, drawing.interval)
        drawing.write(
            fig2.draw(drawing.panels, *grids.load(drawing.panels, drawing.input.pictures), runs, points, live),
            f"{grids.title(drawing.params.figure)}: several answers in x0_pred",
            finding=fig1.finding(points, live),
            caption=fig2.caption(drawing.params.figure, drawing.panels, runs, points, **drawing.about),
            summary=fig1.summary(runs, points, live),
            tables={"points": points.round(4)},
            of=["pictures", "masses"],
        )
