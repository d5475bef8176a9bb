"""Grids of x0_pred, rows = steps, columns = frames, and pages of them with a curve beside each."""

from collections.abc import Collection, Mapping, Sequence
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
from .words import with_interval

PICTURE = 0.435  # inches: the side of one on a page of two grids across
ACROSS = 2
SHARES = [2.25, 1.15]  # widths of a grid and of its curve
STRIP = 0.22  # inches: below, for a row of the legend
HEAD = 0.5  # inches: the titles of a grid
CURVE = 1.25  # inches: the height of a curve, at least
NAME = 24  # letters of a task's name, at most
LINE = 0.14  # inches: of a line of words in place of a curve
LEAST = 0.1  # heights of a row, below which none is kept empty
MARKER = 2.7  # points: in curves as narrow as these
SHADES, PIXELS = 64, 1 / 300  # pictures are alike if fewer of their pixels differ by more of the 255 shades
FLAT = 0.05  # curves that stay within less of their axis of 0 to 1 are told, not drawn
ALIKE = (
    "Rows = steps, with sigma; columns = frames. Steps that look alike are shown once (in no frame do "
    f"{PIXELS:.1%} of the pixels differ by more than {SHADES} of 255 shades from the first of them). Curves that move "
    f"by less than {FLAT:g} over the steps are called steady and told in words."
)


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


def shown_words(panels: Sequence[Panel]) -> str:
    """For a caption: what the pictures are."""
    what = "the clean estimate x0_pred of untouched runs; cases and seeds were fixed before any was seen"
    return f"{listed(panels)}: {what}."


def alike(*pictures: np.ndarray) -> list[list[int]]:
    """Rows in groups: of each grid, pictures uint8 (rows, frames, H, W, 3), a row looks like the first of its group."""
    groups = [[0]]
    for row in range(1, len(pictures[0])):
        changed = (np.abs(grid[row].astype(int) - grid[groups[-1][0]]).max(axis=-1) > SHADES for grid in pictures)
        if max(pixels.mean(axis=(1, 2)).max() for pixels in changed) < PIXELS:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def label(steps: Sequence[int], sigmas: Sequence[float]) -> str:
    """Beside a row: its step and sigma, or the first and last of those that look alike."""
    ends = [f"{sigma:.2f}".removeprefix("0") for sigma in (sigmas[0], sigmas[-1])]
    if len(steps) == 1:
        return f"step {steps[0]}\n$\\sigma$ {ends[0]}"
    return f"steps {steps[0]}-{steps[-1]}\n$\\sigma$ {'-'.join(ends)}"


def grid(
    part,
    panel: Panel,
    pictures: np.ndarray,
    sigmas: Sequence[float],
    groups: Sequence[Sequence[int]] | None = None,
    framed: Collection[int] = (),
    spare: float = 0,
) -> None:
    """Rows = steps, columns = frames; step and sigma beside each row.

    groups: of `alike`, of which the first rows are drawn; every row if None. framed: steps whose last frame gets a
    frame of another colour, as it holds a second answer. spare: heights of a row that stay empty below.
    """
    groups = groups or [[row] for row in range(len(panel.steps))]
    heights = [1.0] * len(groups) + ([spare] if spare > LEAST else [])
    shape = len(heights), len(panel.frames)
    cells = part.add_gridspec(*shape, wspace=0.03, hspace=0.03, height_ratios=heights)
    axes = np.array(
        [[part.add_subplot(cells[row, column]) for column in range(shape[1])] for row in range(len(groups))]
    )
    for line, group in enumerate(groups):
        for column, frame in enumerate(panel.frames):
            ax = axes[line, column]
            ax.imshow(pictures[group[0], column], interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            second = column == len(panel.frames) - 1 and panel.steps[group[0]] in framed
            ax.spines[:].set(visible=True, color=style.VERMILLION if second else style.GREY)
            ax.spines[:].set_linewidth(1.6 if second else 0.6)
            if line == 0:
                ax.set_title(f"{frame}", pad=2)
        words = label([panel.steps[row] for row in group], [sigmas[row] for row in group])
        axes[line, 0].set_ylabel(words, rotation=0, ha="right", va="center", fontsize=6.5, labelpad=3)
    axes[0, 0].annotate("frame", (0, 1), (-3, 2), textcoords="offset points", xycoords="axes fraction", ha="right")
    part.suptitle(f"{spoken(panel.puzzle)} {panel.case}, seed {panel.seed}")


def page(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    told: Mapping[str, Sequence[str]] | None = None,
    framed: Mapping[str, Collection[int]] | None = None,
) -> tuple[Figure, dict[str, plt.Axes], plt.Axes]:
    """A page of grids, two across. Returns the figure, the axes of the curve beside each grid by the panel's name, and
    the strip below for the legend of all.

    told: lines of words that stand in place of a curve, by the panel's name. framed: steps by a panel's name, as `grid`
    takes them.
    """
    groups = {panel.name: alike(pictures[panel.name]) for panel in panels}
    told = told or {}
    beside = {
        panel.name: LINE * (len(told[panel.name]) + 1) if panel.name in told else HEAD + CURVE for panel in panels
    }
    needed = [max(HEAD + PICTURE * len(groups[panel.name]), beside[panel.name]) for panel in panels]
    heights = [max(needed[first : first + ACROSS]) for first in range(0, len(panels), ACROSS)]
    strip_height = STRIP * (1.5 if len(told) < len(panels) else 0.6)
    figure = plt.figure(figsize=(style.WIDTH, sum(heights) + strip_height), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[sum(heights), strip_height])
    parts, curves = above.subfigures(len(heights), ACROSS, squeeze=False, height_ratios=heights).ravel(), {}
    for number, (part, panel) in enumerate(zip(parts, panels, strict=False)):
        left, right = part.subfigures(1, 2, width_ratios=SHARES)
        of_panel = (framed or {}).get(panel.name, ())
        spare = max(0, (heights[number // ACROSS] - HEAD) / PICTURE - len(groups[panel.name]))
        grid(left, panel, pictures[panel.name], sigmas[panel.name], groups[panel.name], of_panel, spare)
        style.panel_letter(part, panel.panel)
        curves[panel.name] = right.subplots()
        if panel.name in told:
            sentence(curves[panel.name], told[panel.name])
    strip = below.subplots()
    strip.set_axis_off()
    return figure, curves, strip


def unmoved(curves: Mapping[str, pd.DataFrame]) -> bool:
    """True if no curve moves by FLAT over the steps; curves: step, estimate, low, high by their words."""
    return all(np.ptp(rows.estimate) < FLAT for rows in curves.values() if len(rows))


def tell(counted: str, curves: Mapping[str, pd.DataFrame]) -> list[str]:
    """The lines in place of curves that do not move: their values at the last step, with intervals. counted: over how
    many."""
    curves = {words: rows for words, rows in curves.items() if len(rows)}
    if not curves:
        return ["Nothing was read.", f"({counted})"]
    at = max(rows.step.max() for rows in curves.values())
    lines = [f"Steady; at step {at:.0f}:"]
    for words, rows in curves.items():
        last = rows.sort_values("step").iloc[-1]
        lines += [f"{words}", f"  {with_interval(last.estimate, last.low, last.high)}"]
    return [*lines, f"({counted})"]


def sentence(axes: plt.Axes, lines: Sequence[str], left: float = 0) -> None:
    """Lines of words in place of a panel. They take no part in the layout, whose room is kept for them.

    left: where they begin, as a share of the axes.
    """
    axes.set_axis_off()
    place = {"ha": "left", "va": "top", "transform": axes.transAxes, "in_layout": False}
    axes.text(left, 1, "\n".join(lines), **place, fontsize=style.SENTENCE, linespacing=1.3)


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


def legend(strip: plt.Axes, curves: Mapping[str, plt.Axes], across: int = 4) -> None:
    """One legend for all curves of a page, each label once, so many of them in a row; none where all is told."""
    found = {}
    for axes in curves.values():
        handles, labels = axes.get_legend_handles_labels()
        found |= {label: handle for handle, label in zip(handles, labels, strict=True) if label not in found}
    if found:
        strip.legend(found.values(), found.keys(), loc="center", ncols=min(across, len(found)))
