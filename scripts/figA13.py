"""Draws Figure A13 from the table of activations, with caption, summary and points beside it."""

import pandas as pd

from chainofsteps import tables
from chainofsteps.errors import reported
from chainofsteps.figures import figA13, layer_curves, style
from chainofsteps.files import atomic_write
from chainofsteps.store.provenance import identity

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    activations = pd.read_csv(given.activations)
    caption = figA13.caption(activations, params.model, params.level)
    of_run = identity(given.model, dict(params.items()), [given.activations])
    with style.styled():
        figure = figA13.draw(activations)
        title = "Figure A13: sparsity of token activations"
        style.save(figure, output.pdf, output.png, title=title, subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, figA13.summary(activations).encode())
    tables.write_table(output.points, layer_curves.shown_rows(activations))
