"""Draws Figure 1 from the panels' pictures and the masses of candidates."""

from chainofsteps.figures import fig1, grids, scored
from chainofsteps.figures.drawn import Drawing
from chainofsteps.probes.x0_pred import masses
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    if not hasattr(drawing.input, "masses"):  # of cases without known answers
        scored.write(drawing, "fig1")
    else:
        runs = masses.chosen_and_rival(read_shards(drawing.input.masses), drawing.params.thresholds["live"])
        points = masses.curves(runs, drawing.interval)
        drawing.write(
            fig1.draw(drawing.panels, *grids.load(drawing.panels, drawing.input.pictures), runs, points),
            "Figure 1: x0_pred over the steps",
            caption=fig1.caption(drawing.panels, points, drawing.model, drawing.interval.level),
            summary=fig1.summary(runs, points),
            tables={"points": points.round(4)},
            of=["pictures", "masses"],
        )
