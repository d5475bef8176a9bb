"""Draws Figure 1 from the panels' pictures and the masses of candidates, with caption, summary and points beside it."""

import pandas as pd

from chainofsteps import tables
from chainofsteps.config.panels import Panel
from chainofsteps.errors import reported
from chainofsteps.figures import fig1, grids, style
from chainofsteps.files import atomic_write
from chainofsteps.probes.x0_pred import masses
from chainofsteps.statistics import Interval
from chainofsteps.store.provenance import identity

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    panels = [Panel(**row) for row in params.panels]
    pictures, sigmas = grids.load(panels, given.pictures)
    runs = masses.chosen_and_rival(pd.concat(map(masses.read, given.masses)), params.thresholds["live"])
    points = masses.curves(runs, Interval(**params.statistics))
    caption = fig1.caption(panels, points, snakemake.config["model"], params.statistics["level"])
    of_run = identity(given.model, dict(params.items()), [given.pictures, *given.masses])
    with style.styled():
        figure = fig1.draw(panels, pictures, sigmas, runs, points)
        title = "Figure 1: x0_pred over the steps"
        style.save(figure, output.pdf, output.png, title=title, subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, fig1.summary(runs, points).encode())
    tables.write_table(output.points, points.round(4))
