"""Draws Figure 6 from the tables of activations and swaps, and the token norms of one run."""

import pandas as pd

from chainofsteps.figures import fig6, fig6_text, layer_curves
from chainofsteps.figures.drawn import Drawing
from chainofsteps.files import read_json

with Drawing(snakemake) as drawing:
    paths, params = drawing.input, drawing.params
    maps = fig6.Maps.read(paths.norms, paths.cases, params.shown, params.scale)
    activations = pd.read_csv(paths.activations)
    curves, matrix = fig6.read_flips(paths.swap), fig6.read_flips(paths.matrix)
    readout = pd.read_csv(paths.readout) if paths.readout else fig6.NO_READOUT
    about = {**dict(params.items()), "skipped": sum(read_json(path)["skipped"] for path in paths.swaps)}
    drawing.write(
        fig6.draw(maps, activations, curves, matrix, readout),
        "Figure 6: layers",
        finding=fig6_text.finding(curves, readout),
        caption=fig6_text.caption(maps, curves, matrix, readout, about),
        summary=fig6_text.summary(activations, curves, readout),
        tables={"auc": layer_curves.shown_rows(activations), "flips": curves, "matrix": matrix, "readout": readout},
        of=["norms", "activations", "swap", "matrix", "readout"],
        settings=about,
    )
