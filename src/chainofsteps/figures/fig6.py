"""Figure 6: token activations by layer, and what becomes of the answer if one layer is another run's."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from einops import rearrange
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from ..bench.cases import listed_cases, true_clip
from ..files import read_json
from ..model.sizes import VAE_STRIDE
from ..names import RunId
from ..store.reader import read_shard
from . import grids, layer_curves, marks, style
from .words import with_interval

FRACTIONS = (0, 0.25, 0.5, 0.75, 1)  # of the depth: the paper's layers 0, 10, 20, 30, 39 of 40
MODES = {
    "residual": {"color": style.VERMILLION, "marker": "o"},
    "tokens": {"color": style.BLUE, "marker": "s"},
    "full": {"color": style.GREEN, "marker": "^"},
}
PARTS = ({}, {"color": style.SKY, "marker": "D"}, {"color": style.ORANGE, "marker": "v"})  # of tokens, in order
LINE = 0.15  # inches: of a sentence in place of a panel
CENTRED = {"ha": "center", "va": "center", "fontsize": 6.5, "color": style.GREY}
WIDTHS = ("-", "--", ":")  # the line of one layer, and of more at once
READOUTS = {"x0_pred": "$\\hat{x}_0$ of that step", "final": "final video"}
CONTROLS = {"target": ("clean target", style.NULL), "source": ("clean source", style.FLOORS["floor_static"])}


@dataclass(frozen=True)
class Maps:
    """Panel a: which run it shows, and how.

    norms: (layers, F, H, W) by branch. layers: the tapped ones, rows of norms. video: the true one, the last frame of
    each latent frame, uint8 (F, h, w, 3). words: which run this is. scale: row, global or cell.
    """

    norms: Mapping[str, np.ndarray]
    layers: Sequence[int]
    video: np.ndarray
    words: str
    scale: str

    @classmethod
    def read(cls, norms: str, cases: str, shown: Mapping[str, Any], scale: str) -> "Maps":
        """From the manifests of a shard of activations and of its cases.

        shown: task, case, seed and step. Raises InputError if the run or its true video cannot be read.
        """
        reader = read_shard(norms)
        kept, _ = reader.load(RunId(shown["task"], shown["case"], shown["seed"]).name)
        step, grid = f"step{shown['step']:03d}-", dict(zip("fhw", kept.pop("grid").tolist(), strict=True))
        of_branch = {
            name.removeprefix(step): rearrange(values.numpy(), "layer (f h w) -> layer f h w", **grid)
            for name, values in kept.items()
            if name.startswith(step)
        }
        (case,) = listed_cases(read_json(cases), [shown["case"]])
        video = true_clip(case)
        video = video[np.minimum(np.arange(grid["f"]) * VAE_STRIDE, len(video) - 1)]
        words = f"{shown['task'].replace('_', ' ')} {shown['case']}, seed {shown['seed']}, step {shown['step']}"
        return cls(of_branch, reader.manifest["layers"], video, words, scale)

    @property
    def rows(self) -> list[int]:
        """The rows of norms that are shown: the tapped layers next to FRACTIONS of the deepest."""
        deepest = max(self.layers) + 1
        wanted = [min(int(fraction * deepest), deepest - 1) for fraction in FRACTIONS]
        near = [min(range(len(self.layers)), key=lambda row: abs(self.layers[row] - layer)) for layer in wanted]
        return list(dict.fromkeys(near))

    def limits(self, norms: np.ndarray) -> np.ndarray:
        """(shown rows, F, 2): ends of the colour scale of each cell of one branch.

        Of the generated latent frames: the given first one has norms several times theirs, and is clipped.
        """
        cells = norms[self.rows]
        generated = cells[:, 1:] if self.scale != "cell" and cells.shape[1] > 1 else cells
        axes = {"cell": (2, 3), "row": (1, 2, 3), "global": (0, 1, 2, 3)}[self.scale]
        ends = [reduce(generated, axis=axes, keepdims=True)[..., 0, 0] for reduce in (np.min, np.max)]
        return np.stack([np.broadcast_to(end, cells.shape[:2]) for end in ends], axis=-1)


def read_flips(path: str) -> pd.DataFrame:
    """tables/swap.csv or tables/swap_matrix.csv."""
    return pd.read_csv(path, dtype={"steps": str, "part": str, "layer": "Int64", "width": "Int64"})


def draw(
    maps: Maps, activations: pd.DataFrame, curves: pd.DataFrame, matrix: pd.DataFrame, readout: pd.DataFrame
) -> Figure:
    """Figure 6. activations, curves, matrix, readout: tables/activations.csv, swap.csv, swap_matrix.csv and
    linear_readout.csv."""
    shown, flat = moved(curves)
    told = [curve_words(curves, readout) for readout in flat]
    drawn_matrix = len(matrix) > 0 and matrix.flip.max() - matrix.flip.min() >= grids.FLAT
    if len(matrix) and not drawn_matrix:
        told.append(matrix_words(matrix))
    swaps = [0.75 + 1.25 * len(shown)] * bool(shown)
    rows = [3.1, *swaps, *([0.15 + LINE * len(told)] if told else []), *([1.6] if len(readout) else [])]
    figure = plt.figure(figsize=(style.WIDTH, sum(rows)), layout="constrained")
    upper, *parts = figure.subfigures(len(rows), 1, height_ratios=rows)
    letters = iter("abcdef")
    left, right = upper.subfigures(1, 2, width_ratios=[2.5, 4.5])
    draw_maps(left, maps)
    style.panel_letter(left, next(letters))
    layer_curves.draw(right, layer_curves.shown_rows(activations), "auc", "AUC of objects", null="null", level=0.5)
    style.panel_letter(right, next(letters))
    letter_of_swaps = next(letters)
    if shown:
        of_swaps = parts.pop(0)
        style.panel_letter(of_swaps, letter_of_swaps)
        halves = of_swaps.subfigures(1, 2, width_ratios=[4.6, 2.4])
        draw_curves(halves[0], curves, shown)
        key(halves[1], halves[0], matrix if drawn_matrix else None)
    if told:
        sentences(parts.pop(0), told, "" if shown else letter_of_swaps)
    if len(readout):
        draw_readout(parts[0], readout)
        style.panel_letter(parts[0], next(letters))
    return figure


def moved(curves: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The readouts of which a swap moves the flip rate by grids.FLAT somewhere, and those of which none does."""
    swaps = curves[curves.run == "swap"]
    there = [readout for readout in READOUTS if readout in set(swaps.readout)]
    spread = swaps.groupby("readout").flip.agg(np.ptp)
    return [name for name in there if spread[name] >= grids.FLAT], [name for name in there if spread[name] < grids.FLAT]


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


def sentences(part: SubFigure, told: Sequence[str], letter: str) -> None:
    """A strip of words in place of panels that show nothing."""
    axes = part.subplots()
    grids.sentence(axes, told)
    if letter:
        style.panel_letter(part, letter)


def draw_maps(part: SubFigure, maps: Maps) -> None:
    """Rows = layers, columns = latent frames, the true video above; branches side by side. The given latent frame has
    no maps, as its norms are off the scale of the others."""
    frames = len(maps.video)
    blocks = np.atleast_1d(part.subfigures(1, len(maps.norms)))
    for block, (branch, norms) in zip(blocks, maps.norms.items(), strict=True):
        axes = block.subplots(len(maps.rows) + 1, frames, squeeze=False, gridspec_kw={"wspace": 0.03, "hspace": 0.03})
        limits = maps.limits(norms)
        for frame in range(frames):
            axes[0, frame].imshow(maps.video[frame], interpolation="nearest")
            axes[0, frame].set_title(f"{frame}", pad=2)
            for i, row in enumerate(maps.rows):
                if frame or frames == 1:
                    low, high = limits[i, frame]
                    drawn = axes[i + 1, frame].imshow(norms[row, frame], cmap=style.MAP, vmin=low, vmax=high)
                else:
                    axes[i + 1, frame].text(0.5, 0.5, "given", transform=axes[i + 1, frame].transAxes, **CENTRED)
        for ax in axes.flat:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        labels = ["true\nvideo", *(f"layer {maps.layers[row]}" for row in maps.rows)]
        for ax, label in zip(axes[:, 0], labels, strict=True):
            ax.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=6.5, labelpad=3)
        block.suptitle(f"{maps.words}, {branch}\nlatent frame", fontsize=7)
        low, high = drawn.get_clim()
        bar = block.colorbar(drawn, ax=list(axes.flat), location="bottom", aspect=30, pad=0.02, ticks=[low, high])
        bar.ax.set_xticklabels(["least", "most"])
        bar.set_label("token norm of the row" if maps.scale == "row" else "token norm", labelpad=-4)


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
                marks.band(axes, middle, of_swap.flip, *ends, label=label, **look)
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
    above, below = (part, None) if matrix is None else part.subfigures(2, 1, height_ratios=[1, 1.2])
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


def draw_readout(part: SubFigure, readout: pd.DataFrame) -> None:
    """The share of cases whose answer a linear map reads against the depth: an axes for each puzzle, a line a step."""
    tasks, steps = list(dict.fromkeys(readout.task)), sorted(readout.step.unique())
    grid = part.subplots(1, len(tasks), sharex=True, sharey=True, squeeze=False)[0]
    for axes, task in zip(grid, tasks, strict=True):
        of_task = readout[readout.task == task]
        for i, step in enumerate(steps):
            rows = of_task[of_task.step == step].sort_values("layer")
            look = layer_curves.LINES[i % len(layer_curves.LINES)]
            marks.band(axes, rows.layer, rows.right, rows.right_low, rows.right_high, label=f"step {step}", **look)
            null = {"color": style.GREY, "linestyle": look["linestyle"], "linewidth": 0.8}
            marks.line(axes, rows.layer, rows.null, **null, label="null: other cases' answers" if i == 0 else None)
        axes.set_title(f"{task.replace('_', ' ')} (n = {of_task.n.iloc[0]})", pad=3)
        axes.set(ylim=(-0.05, 1.05), yticks=[0, 0.5, 1], xlabel="after layer (-1: the embedding)")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    grid[0].set_ylabel("answer read by\na linear map")
    handles, labels = grid[0].get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda place: labels[place].startswith("null"))
    names = [labels[place] for place in order]
    part.legend([handles[place] for place in order], names, loc="outside lower center", ncols=len(labels))


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
