"""Draws Figure 1 from the panels' pictures and the masses of candidates."""

from chainofsteps.figures import fig1, grids, scored
from chainofsteps.figures.drawn import Drawing
from chainofsteps.probes.x0_pred import masses
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    if not hasattr(drawing.input, "masses"):  # of cases without known answers
        scored.write(drawing, "fig1")
    else:
        live = drawing.params.thresholds["live"]
        runs = masses.chosen_and_rival(read_shards(drawing.input.masses), live)
        points = masses.curves(runs, drawing.interval)
        drawing.write(
            fig1.draw(drawing.panels, *grids.load(drawing.panels, drawing.input.pictures), runs, points, live),
            "Figure 1: x0_pred over the steps",
            finding=fig1.finding(points, live),
            caption=fig1.caption(drawing.panels, points, **drawing.about),
            summary=fig1.summary(runs, points, live),
            tables={"points": points.round(4)},
            of=["pictures", "masses"],
        )
