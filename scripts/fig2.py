"""Draws Figure 2, A9 or A10 from the panels' pictures and the masses of candidates."""

import pandas as pd

from chainofsteps import tables
from chainofsteps.config.panels import Panel
from chainofsteps.errors import reported
from chainofsteps.figures import fig1, fig2, grids, style
from chainofsteps.files import atomic_write
from chainofsteps.probes.x0_pred import masses
from chainofsteps.statistics import Interval
from chainofsteps.store.provenance import identity

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    panels = [Panel(**row) for row in params.panels]
    runs = masses.chosen_and_rival(pd.concat(map(masses.read, given.masses)), params.thresholds["live"])
    points = masses.curves(runs, Interval(**params.statistics))
    of = {"model": snakemake.config["model"], "level": params.statistics["level"]}
    caption = fig2.caption(params.figure, panels, runs, points, **of)
    of_run = identity(given.model, dict(params.items()), [given.pictures, *given.masses])
    with style.styled():
        figure = fig2.draw(panels, *grids.load(panels, given.pictures), runs, points)
        title = f"{grids.title(params.figure)}: several answers in x0_pred"
        style.save(figure, output.pdf, output.png, title=title, subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, fig1.summary(runs, points).encode())
    tables.write_table(output.points, points.round(4))
