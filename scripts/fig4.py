"""Draws Figure 4, A11 or A12 from the panels' pictures and the readings of x0_pred."""

from chainofsteps import tables
from chainofsteps.config.panels import Panel
from chainofsteps.errors import reported
from chainofsteps.figures import fig4, grids, style
from chainofsteps.files import atomic_write
from chainofsteps.probes.x0_pred.decided import Thresholds, by_step, reading_steps, runs_of
from chainofsteps.probes.x0_pred.decided_tables import read
from chainofsteps.store.provenance import identity

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    panels, thresholds = [Panel(**row) for row in params.panels], Thresholds(**params.thresholds)
    found = {name: read(given[name]) for name in ("masses", "frames", "readings")}
    steps = {
        "leading": by_step(found["masses"], thresholds),
        "read": reading_steps(found["readings"], thresholds),
    }
    runs = runs_of(found, thresholds, params.statistics["seed"])
    points = fig4.measured(steps, runs, params.statistics)
    of = {"model": snakemake.config["model"], "level": params.statistics["level"], **params.thresholds}
    caption = fig4.caption(params.figure, panels, **of)
    drawn_from = [given.pictures, *given.masses, *given.frames, *given.readings]
    of_run = identity(given.model, dict(params.items()), drawn_from)
    with style.styled():
        figure = fig4.draw(panels, *grids.load(panels, given.pictures), steps, points)
        title = f"{grids.title(params.figure)}: what is remembered and what is revised"
        style.save(figure, output.pdf, output.png, title=title, subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, fig4.summary(points).encode())
    tables.write_table(output.points, points)
