"""Draws Figure 5 from the panels' pictures and the readings of x0_pred."""

from chainofsteps.figures import fig5, grids, scored
from chainofsteps.figures.drawn import Drawing
from chainofsteps.probes.x0_pred.decided import Thresholds, reading_steps, runs_of
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    if not hasattr(drawing.input, "masses"):  # of cases without known answers
        scored.write(drawing, drawing.params.figure)
    else:
        tables = {name: read_shards(getattr(drawing.input, name)) for name in ("masses", "frames", "readings")}
        params, thresholds = drawing.params, Thresholds(**drawing.params.thresholds)
        runs = runs_of(tables, thresholds, params.statistics["seed"])
        points = fig5.measured(reading_steps(tables["readings"], thresholds), runs, params.statistics)
        drawing.write(
            fig5.draw(drawing.panels, *grids.load(drawing.panels, drawing.input.pictures), runs, points),
            f"{grids.title(params.figure)}: found first, then moved",
            finding=fig5.finding(points),
            caption=fig5.caption(params.figure, drawing.panels, points, **drawing.about),
            summary=fig5.summary(points),
            tables={"points": points},
            of=["pictures", *tables],
        )
