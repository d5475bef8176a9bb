"""Draws Figure 7 from the table of the ensembles, with caption, summary and points beside it."""

import pandas as pd

from chainofsteps import tables
from chainofsteps.errors import reported
from chainofsteps.figures import fig7, fig7_text, style
from chainofsteps.files import atomic_write
from chainofsteps.store.provenance import identity

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    table = pd.read_csv(given.table, dtype={"seeds": str, "steps": str})
    drawn = fig7.points(table)
    caption = fig7_text.caption(table, params)
    of_run = identity(given.model, dict(params.items()), [given.table])
    with style.styled():
        figure = fig7.draw(drawn, params.ensemble)
        title = "Figure 7: seeds merged inside the network"
        style.save(figure, output.pdf, output.png, title=title, subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, fig7_text.summary(table).encode())
    tables.write_table(output.points, drawn)
