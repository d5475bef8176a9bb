"""Draws Figure 8 from the scores of single runs, with caption, summary and points beside it."""

import pandas as pd

from chainofsteps import tables
from chainofsteps.errors import reported
from chainofsteps.figures import fig8, style
from chainofsteps.files import atomic_write
from chainofsteps.store.provenance import identity

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    frames, few_steps = (
        pd.concat([pd.read_csv(path, dtype={"case": str}) for path in paths])
        for paths in (given.frames, given.few_steps)
    )
    few_steps["own"] = few_steps.steps == params.own_steps
    points = fig8.points(frames, few_steps, params.statistics)
    caption = fig8.caption(points, snakemake.config["model"], params.statistics["level"])
    of_run = identity(given.model, dict(params.items()), [*given.frames, *given.few_steps])
    with style.styled():
        title = "Figure 8: frame count and number of steps"
        style.save(fig8.draw(points), output.pdf, output.png, title=title, subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, fig8.summary(points).encode())
    tables.write_table(output.points, points)
