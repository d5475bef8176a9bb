"""Figure 6c: what becomes of the answer if a layer is another run's: curves by layer, maps by step, or words."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from . import marks, style
from .grids import FLAT
from .words import with_interval

MODES = {
    "residual": {"color": style.VERMILLION, "marker": "o"},
    "tokens": {"color": style.BLUE, "marker": "s"},
    "full": {"color": style.GREEN, "marker": "^"},
}
PARTS = ({}, {"color": style.SKY, "marker": "D"}, {"color": style.ORANGE, "marker": "v"})  # of tokens, in order
WIDTHS = ("-", "--", ":")  # the line of one layer, and of more at once
READOUTS = {"x0_pred": "$\\hat{x}_0$ of that step", "final": "final video"}
CONTROLS = {"target": ("clean target", style.NULL), "source": ("clean source", style.FLOORS["floor_static"])}


def moved(curves: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The readouts of which a swap moves the flip rate by FLAT somewhere, and those of which none does."""
    swaps = curves[curves.run == "swap"]
    there = [readout for readout in READOUTS if readout in set(swaps.readout)]
    spread = swaps.groupby("readout").flip.agg(np.ptp)
    return [name for name in there if spread[name] >= FLAT], [name for name in there if spread[name] < FLAT]


def curve_words(curves: pd.DataFrame, readout: str) -> str:
    """In place of curves that do not move: the largest flip rate of a readout, with the controls."""
    rows = curves[(curves.readout == readout)]
    swaps = rows[rows.run == "swap"]
    best = swaps.loc[swaps.flip.idxmax()]
    controls = (f"{label} {rows[rows.run == run].flip.iloc[0]:.2f}" for run, (label, _) in CONTROLS.items())
    return (
        f"{READOUTS[readout].capitalize()}: whatever is swapped, the source's answer shows in at most "
        f"{with_interval(best.flip, best.flip_low, best.flip_high)} of {best.n} pairs ({', '.join(controls)})."
    )


def matrix_words(matrix: pd.DataFrame) -> str:
    """In place of maps that show nothing: the flip rate of mode residual at every layer and single step."""
    ends = [f"{end:.2f}" for end in (matrix.flip.min(), matrix.flip.max())]
    return (
        f"Mode residual at each single layer and step: flip rate {' to '.join(dict.fromkeys(ends))} in all "
        f"{len(matrix)} cells, {matrix.n.iloc[0]} pairs each."
    )


def draw_curves(part: SubFigure, curves: pd.DataFrame, readouts: Sequence[str]) -> None:
    """Flip rate against the layer: rows = readouts, columns = sets of steps."""
    rates = curves[curves.run != "same_text"]
    sets = list(dict.fromkeys(rates.steps))
    grid = part.subplots(len(readouts), len(sets), sharex=True, sharey=True, squeeze=False)
    for row, readout in zip(grid, readouts, strict=True):
        for axes, steps in zip(row, sets, strict=True):
            cell = rates[(rates.readout == readout) & (rates.steps == steps)]
            for run, (label, look) in CONTROLS.items():
                axes.axhline(cell[cell.run == run].flip.iloc[0], label=label, **look)
            # the last modes first, so that what they cover is on top
            for label, look, of_swap in reversed(list(series(cell[cell.run == "swap"]))):
                middle = of_swap.layer.astype(float) + (of_swap.width - 1) / 2
                ends = (of_swap.flip_low, of_swap.flip_high)
                marks.band(axes, middle, of_swap.flip, *ends, veil=0.09, label=label, **look)
            axes.set_title(f"{steps_words(steps)}: {readout_words(readout, steps)}", pad=3)
            axes.set(ylim=(-0.05, 1.05), yticks=[0, 0.5, 1])
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        row[0].set_ylabel("flip rate")
    for axes in grid[-1]:
        axes.set_xlabel("middle of the swapped layers")


def key(part: SubFigure, drawn: SubFigure, matrix: pd.DataFrame | None) -> None:
    """The legend of the curves of swaps, above the maps of single steps if they show something."""
    handles, labels = drawn.axes[0].get_legend_handles_labels()
    order = [0, 1, *range(len(labels) - 1, 1, -1)]
    above, below = (
        (part, None)
        if matrix is None
        else part.subfigures(2, 1, height_ratios=[1.5, 0.9 + 0.65 * matrix.readout.nunique()])
    )
    above.legend([handles[i] for i in order], [labels[i] for i in order], loc="center left", fontsize=6.5)
    if below is not None:
        draw_matrix(below, matrix)


def series(swaps: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
    """The curves of one panel: words, look and rows by layer, of each mode, set of tokens and number of layers."""
    swaps = swaps.assign(part=swaps.part.astype(object).fillna(""), width=swaps.width.astype(int))
    widths, parts = sorted(swaps.width.unique()), [part for part in dict.fromkeys(swaps.part) if part]
    for mode in (mode for mode in MODES if mode in set(swaps["mode"])):
        of_mode = swaps[swaps["mode"] == mode]
        for part in dict.fromkeys(of_mode.part):
            look = MODES[mode] | (PARTS[parts.index(part) % len(PARTS)] if part else {})
            words = "full (degenerate)" if mode == "full" else f"{mode} {part.replace('_', ' ')}".strip()
            for width, rows in of_mode[of_mode.part == part].groupby("width"):
                layers = "" if width == 1 else f", {width} layers"
                line = {"linestyle": WIDTHS[widths.index(width) % len(WIDTHS)]}
                yield words + layers, {**look, **line}, rows.sort_values("layer")


def draw_matrix(part: SubFigure, matrix: pd.DataFrame) -> None:
    """Flip rate of mode residual at every layer and single step, a map for each readout."""
    readouts = [readout for readout in READOUTS if readout in set(matrix.readout)]
    grid = part.subplots(len(readouts), 1, sharex=True, squeeze=False)[:, 0]
    for axes, readout in zip(grid, readouts, strict=True):
        cells = matrix[matrix.readout == readout].assign(step=lambda rows: rows.steps.astype(int))
        table = cells.pivot(index="layer", columns="step", values="flip").sort_index().sort_index(axis=1)
        table = table.astype(float).set_axis(table.index.astype(int), axis=0)
        drawn = marks.heat_map(axes, table, every=[math.ceil(count / 6) for count in table.shape[::-1]])
        axes.set_title(f"residual, one step: {READOUTS[readout]} (n = {cells.n.iloc[0]})", pad=3)
        axes.set_ylabel("layer")
    grid[-1].set_xlabel("step that is swapped")
    part.colorbar(drawn, ax=list(grid), label="flip rate", ticks=[0, 0.5, 1], location="bottom", aspect=30, pad=0.02)


def readout_words(readout: str, steps: str) -> str:
    """What is read: the final video, or x0_pred at the last swapped step."""
    return READOUTS[readout].replace("that step", f"step {str(steps).split()[-1]}")


def steps_words(steps: str) -> str:
    """A set of steps as a table has it, for a reader: "step 0", "steps 0-4", "steps 0, 3"."""
    found = [int(step) for step in str(steps).split()]
    if len(found) == 1:
        return f"step {found[0]}"
    whole = found == list(range(found[0], found[-1] + 1))
    return f"steps {found[0]}-{found[-1]}" if whole else f"steps {', '.join(map(str, found))}"
