"""Figure 6: token activations by layer, and what becomes of the answer if one layer is another run's."""

from collections.abc import Mapping, Sequence
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
from . import fig6_swaps, grids, layer_curves, marks, style

FRACTIONS = (0, 0.25, 0.5, 0.75, 1)  # of the depth: the paper's layers 0, 10, 20, 30, 39 of 40
LEGEND = 1.5  # inches: of the curves of swaps
LINE = 0.15  # inches: of a sentence in place of a panel
CENTRED = {"ha": "center", "va": "center", "fontsize": 6.5, "color": style.GREY}
NO_READOUT = pd.DataFrame(columns=["task", "step"])  # of cases whose answers are not listed


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
        words = f"{grids.spoken(shown['task'])} {shown['case']}, seed {shown['seed']}, step {shown['step']}"
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
    shown, flat = fig6_swaps.moved(curves)
    told = [fig6_swaps.curve_words(curves, readout) for readout in flat]
    drawn_matrix = len(matrix) > 0 and matrix.flip.max() - matrix.flip.min() >= grids.FLAT
    if len(matrix) and not drawn_matrix:
        told.append(fig6_swaps.matrix_words(matrix))
    beside = LEGEND + (0.9 + 0.65 * matrix.readout.nunique() if drawn_matrix else 0)
    swaps = [max(0.75 + 1.25 * len(shown), beside)] * bool(shown)
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
        fig6_swaps.draw_curves(halves[0], curves, shown)
        fig6_swaps.key(halves[1], halves[0], matrix if drawn_matrix else None)
    if told:
        sentences(parts.pop(0), told, "" if shown else letter_of_swaps)
    if len(readout):
        draw_readout(parts[0], readout)
        style.panel_letter(parts[0], next(letters))
    return figure


def sentences(part: SubFigure, told: Sequence[str], letter: str) -> None:
    """A strip of words in place of panels that show nothing."""
    axes = part.subplots()
    grids.sentence(axes, told, left=0.03 if letter else 0)
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
