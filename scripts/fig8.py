"""Draws Figure 8 from the scores of single runs."""

from chainofsteps.figures import fig8
from chainofsteps.figures.drawn import Drawing
from chainofsteps.tables import read_shards

with Drawing(snakemake) as drawing:
    frames, few_steps = read_shards(drawing.input.frames), read_shards(drawing.input.few_steps)
    few_steps["own"] = few_steps.steps == drawing.params.own_steps
    points = fig8.points(frames, few_steps, drawing.params.statistics)
    drawing.write(
        fig8.draw(points),
        "Figure 8: frame count and number of steps",
        finding=fig8.finding(points),
        caption=fig8.caption(points, drawing.model, drawing.interval.level),
        summary=fig8.summary(points),
        tables={"points": points},
        of=["frames", "few_steps"],
    )
