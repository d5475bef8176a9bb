"""Draws Figure 6 from the tables of activations and swaps and the norms of one run, with caption and points."""

import numpy as np
import pandas as pd

from chainofsteps import tables
from chainofsteps.bench.cases import read_cases
from chainofsteps.bench.video import read_mp4
from chainofsteps.errors import reported
from chainofsteps.figures import fig6, fig6_text, layer_curves, style
from chainofsteps.files import atomic_write, read_json
from chainofsteps.model.sizes import VAE_STRIDE
from chainofsteps.names import GROUND_TRUTH, RunId
from chainofsteps.store.provenance import identity
from chainofsteps.store.shards import read_shard

with reported(snakemake.log[0]):
    given, params, output = snakemake.input, snakemake.params, snakemake.output
    shown, reader, cases = params.shown, read_shard(given.norms), read_json(given.cases)
    kept, _ = reader.load(RunId(shown["task"], shown["case"], shown["seed"]).name)
    step, grid = f"step{shown['step']:03d}-", kept.pop("grid").tolist()
    norms = {
        name.removeprefix(step): values.numpy().reshape(-1, *grid)
        for name, values in kept.items()
        if name.startswith(step)
    }
    (case,) = read_cases(cases["root"], shown["task"], [shown["case"]])
    video = read_mp4(case.folder / GROUND_TRUTH)
    frames = np.minimum(np.arange(grid[0]) * VAE_STRIDE, len(video) - 1)
    words = f"{shown['task'].replace('_', ' ')} {shown['case']}, seed {shown['seed']}, step {shown['step']}"
    maps = fig6.Maps(norms, reader.manifest["layers"], video[frames], words, params.scale)
    activations = pd.read_csv(given.activations)
    curves, matrix = (pd.read_csv(path, dtype={"steps": str, "layer": "Int64"}) for path in (given.swap, given.matrix))
    skipped = sum(read_json(path)["skipped"] for path in given.swaps)
    about = {**dict(params.items()), "skipped": skipped}
    caption = fig6_text.caption(maps, activations, curves, matrix, about)
    of_run = identity(given.model, about, [given.norms, given.activations, given.swap, given.matrix])
    with style.styled():
        figure = fig6.draw(maps, activations, curves, matrix)
        style.save(figure, output.pdf, output.png, title="Figure 6: layers", subject=caption, keywords=of_run)
    atomic_write(output.caption, caption.encode())
    atomic_write(output.summary, fig6_text.summary(activations, curves).encode())
    tables.write_table(output.auc, layer_curves.shown_rows(activations))
    tables.write_table(output.flips, curves)
    tables.write_table(output.matrix, matrix)
