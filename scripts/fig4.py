"""Draws Figure 4, A11 or A12 from the panels' pictures and the readings of x0_pred."""

from chainofsteps.figures import fig4, grids, scored
from chainofsteps.figures.drawn import Drawing
from chainofsteps.probes.x0_pred.decided import Thresholds, runs_of
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    if not hasattr(drawing.input, "masses"):  # of cases without known answers
        scored.write(drawing, drawing.params.figure)
    else:
        tables = {name: read_shards(getattr(drawing.input, name)) for name in ("masses", "frames", "readings")}
        params, thresholds = drawing.params, Thresholds(**drawing.params.thresholds)
        runs = runs_of(tables, thresholds, params.statistics["seed"])
        steps = fig4.steps_of(tables, thresholds)
        points = fig4.measured(steps, runs, params.statistics)
        drawing.write(
            fig4.draw(drawing.panels, *grids.load(drawing.panels, drawing.input.pictures), steps, points),
            f"{grids.title(params.figure)}: what is remembered and what is revised",
            finding=fig4.finding(points),
            caption=fig4.caption(params.figure, drawing.panels, points, **drawing.about),
            summary=fig4.summary(points),
            tables={"points": points},
            of=["pictures", *tables],
        )
