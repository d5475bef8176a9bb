"""Grids of x0_pred, rows = steps, columns = frames, and pages of them with a curve beside each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import shorten

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..config.panels import Panel
from ..files import load_tensors
from . import marks, style

PICTURE = 0.435  # inches: the side of one on a page of two grids across
ACROSS = 2
SHARES = [2.25, 1.15]  # widths of a grid and of its curve
STRIP = 0.5  # inches: below, for the legend
NAME = 24  # letters of a task's name, at most
MARKER = 2.7  # points: in curves as narrow as these


def title(figure: str) -> str:
    """ "Figure A9" of figA9."""
    return f"Figure {figure.removeprefix('fig')}"


def spoken(task: str) -> str:
    """The name of a task for readers, as much of it as a title or a legend has room for."""
    name = task.removesuffix("_data-generator").replace("_", " ")  # VBVR-Bench ends all of its names so
    return shorten(name, NAME, placeholder=" …")


def numbered(panels: Sequence[Panel], path: str) -> list[Panel]:
    """The panels with the numbers of the frames that rule panels has kept in a file."""
    kept = load_tensors(path)[0]
    return [replace(panel, frames=tuple(kept[f"{panel.name}-frames"].tolist())) for panel in panels]


def load(panels: Sequence[Panel], path: str) -> tuple[dict[str, np.ndarray], dict[str, Sequence[float]]]:
    """Pictures uint8 (steps, frames, H, W, 3) and sigmas (steps,) by a panel's name, from the file of rule panels."""
    kept = load_tensors(path)[0]
    pictures, sigmas = (
        {panel.name: kept[f"{panel.name}-{key}"].numpy() for panel in panels} for key in ("pictures", "sigmas")
    )
    return pictures, sigmas


def listed(panels: Sequence[Panel]) -> str:
    """For a caption: what is shown where."""
    return "; ".join(f"({panel.panel}) {panel.puzzle}, case {panel.case}, seed {panel.seed}" for panel in panels)


def grid(part, panel: Panel, pictures: np.ndarray, sigmas: Sequence[float]) -> None:
    """Rows = steps, columns = frames; sigma beside each row."""
    axes = part.subplots(
        len(panel.steps), len(panel.frames), squeeze=False, gridspec_kw={"wspace": 0.03, "hspace": 0.03}
    )
    for row, step in enumerate(panel.steps):
        for column, frame in enumerate(panel.frames):
            ax = axes[row, column]
            ax.imshow(pictures[row, column], interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(True)
            ax.spines[:].set_color(style.GREY)
            if row == 0:
                ax.set_title(f"frame {frame}" if column == 0 else f"{frame}", pad=2)
        words = f"step {step}\n$\\sigma$ {sigmas[row]:.2f}"
        axes[row, 0].set_ylabel(words, rotation=0, ha="right", va="center", fontsize=6.5, labelpad=3)
    part.suptitle(f"{spoken(panel.puzzle)} {panel.case}, seed {panel.seed}")


def page(
    panels: Sequence[Panel], pictures: Mapping[str, np.ndarray], sigmas: Mapping[str, Sequence[float]]
) -> tuple[Figure, dict[str, plt.Axes], plt.Axes]:
    """A page of grids, two across. Returns the figure, the axes of the curve beside each grid by the panel's name, and
    the strip below for the legend of all."""
    rows = math.ceil(len(panels) / ACROSS)
    tall = 0.5 + PICTURE * max(len(panel.steps) for panel in panels)
    figure = plt.figure(figsize=(style.WIDTH, rows * tall + STRIP), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[rows * tall, STRIP])
    parts, curves = above.subfigures(rows, ACROSS, squeeze=False).ravel(), {}
    for part, panel in zip(parts, panels, strict=False):
        left, right = part.subfigures(1, 2, width_ratios=SHARES)
        grid(left, panel, pictures[panel.name], sigmas[panel.name])
        style.panel_letter(part, panel.panel)
        curves[panel.name] = right.subplots()
    strip = below.subplots()
    strip.set_axis_off()
    return figure, curves, strip


def curve(axes: plt.Axes, points: pd.DataFrame, look: Mapping[str, object]) -> None:
    """A measure against the step with its interval; points: step, estimate, low, high."""
    marks.band(axes, points.step, points.estimate, points.low, points.high, **look)


def over_steps(axes: plt.Axes, ylabel: str, counted: str) -> None:
    """The axes of a share or a mass against the step. counted: over how many runs the curves are."""
    axes.set_title(counted, loc="right")  # wider than the axes: to the left there is room
    axes.set(ylim=(-0.04, 1.06), xlabel="step", ylabel=ylabel)
    axes.set_yticks([0, 0.5, 1])
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for drawn in axes.lines:
        drawn.set_markersize(MARKER)


def legend(strip: plt.Axes, curves: Mapping[str, plt.Axes], across: int = 3) -> None:
    """One legend for all curves of a page, each label once, so many of them in a row."""
    found = {}
    for axes in curves.values():
        handles, labels = axes.get_legend_handles_labels()
        found |= {label: handle for handle, label in zip(handles, labels, strict=True) if label not in found}
    strip.legend(found.values(), found.keys(), loc="center", ncols=min(across, len(found)))
