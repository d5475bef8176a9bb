"""Figure 5: is the object found before it moves? x0_pred of single runs, and when mark and motion appear in all."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..config.panels import Panel
from ..probes.x0_pred import decided_tables
from ..probes.x0_pred.decided import ORDER, WHEN
from . import grids, marks, style
from .fig4 import number

LOOKS = {
    "marked": {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "named object marked"},
    "moved": {"color": style.VERMILLION, "marker": "s", "linestyle": "--", "label": "any object moved"},
    "moved_named": {"color": style.GREEN, "marker": "^", "linestyle": "-.", "label": "named object moved"},
}
SHARES = ["marked_first", "together", "moved_first"]
OF_RUNS = [*WHEN.values(), *ORDER]


def measured(steps: pd.DataFrame, runs: pd.DataFrame, statistics: Mapping) -> pd.DataFrame:
    """The points: a row for each step and measure, and for each measure of whole runs, without a step.

    steps: `decided.reading_steps`; runs: `decided.runs_of`.
    """
    curves = decided_tables.curve(steps, decided_tables.OF_READINGS, statistics)
    whole = decided_tables.of_runs(runs, statistics)
    whole = whole[whole.measure.isin(OF_RUNS) & (whole.task != decided_tables.ALL)]
    points = pd.concat([curves, whole], ignore_index=True) if len(whole) else curves
    return points.reindex(columns=decided_tables.STEP_COLUMNS)


def draw(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    runs: pd.DataFrame,
    points: pd.DataFrame,
) -> Figure:
    """pictures: uint8 (steps, frames, H, W, 3) by a panel's name; runs: `decided.runs_of`; points: of `measured`."""
    rows = max(len(panel.steps) for panel in panels)
    figure = plt.figure(figsize=(style.WIDTH, 0.7 + 0.41 * rows), layout="constrained")
    left, side = figure.subfigures(1, 2, width_ratios=[2.3 * len(panels), 2.6])
    for part, panel in zip(np.atleast_1d(left.subfigures(1, len(panels))), panels, strict=True):
        grids.grid(part, panel, pictures[panel.name], sigmas[panel.name])
        style.panel_letter(part, panel.panel)
    above, below = side.subplots(2, 1)
    for measure, look in LOOKS.items():
        grids.curve(above, points[(points.measure == measure) & points.step.notna()], look)
    counted = points.loc[points.n.idxmax()]
    words = f"{grids.spoken(counted.task)}: {counted.n} cases, {counted.seeds} seeds"
    grids.over_steps(above, "mass in $\\hat{x}_0$", words)
    above.legend(loc="center right")
    _differences(below, panels, runs, points)
    style.panel_letter(side, chr(ord(panels[-1].panel) + 1))
    return figure


def _differences(axes: plt.Axes, panels: Sequence[Panel], runs: pd.DataFrame, points: pd.DataFrame) -> None:
    """By how many steps motion comes after mark: runs, their mean with its interval, and the runs shown."""
    axes.set(xlabel="step of motion - step of mark", ylabel="runs")
    later = runs.later.dropna().astype(int)
    if later.empty:
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "no run ends\nwith both", ha="center", va="center", transform=axes.transAxes)
        return
    sns.histplot(later, discrete=True, shrink=0.8, ax=axes, color=style.GREY, alpha=0.55, linewidth=0)
    top = float(later.value_counts().max())
    # never narrower than this: all runs may be at one step
    axes.set(ylim=(0, 1.55 * top), xlim=(min(later.min(), -2) - 0.6, max(later.max(), 2) + 0.6))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.axvline(0, ymax=0.8, color=style.BLACK, linewidth=0.6)
    mean = points[points.measure == "later"].iloc[0]
    look = {"color": style.BLACK, "marker": "D", "markersize": 4.5, "label": "mean over cases"}
    marks.dots(axes, [mean.estimate], [1.12 * top], [mean.low], [mean.high], across=True, **look)
    for panel in panels:
        run = runs[(runs.task == panel.puzzle) & (runs.case == panel.case) & (runs.seed == panel.seed)]
        for value in run.later.dropna():
            place = {"xy": (value, 0), "xytext": (3, 2 + 9 * panels.index(panel))}  # beside the line at 0
            axes.annotate(panel.panel, **place, textcoords="offset points", ha="left", fontweight="bold")
    axes.legend(loc="upper right")


def summary(points: pd.DataFrame) -> str:
    """In words: when mark and motion appear, and which of them is first, over cases."""
    lines = []
    for task, rows in points.groupby("task", sort=False):
        at = rows[rows.step.isna()].set_index("measure")
        counted = rows.loc[rows.n.idxmax()]
        head = f"{grids.spoken(task)}, {counted.n} cases, {counted.seeds} seeds: "
        if "later" not in at.index:
            lines.append(f"{head}no run ends with the named object marked and an object moved.")
            continue
        later = at.loc["later"]
        shares = {name: number(at.loc[name]) for name in SHARES}
        named = f"; that of the named object {number(at.loc['later_named'])}" if "later_named" in at.index else ""
        marked, moved = at.loc["marked_at"], at.loc["moved_at"]
        lines.append(
            f"{head}the named object's mark stays from step {number(marked)} on in {marked.runs} runs, and an object's "
            f"motion from step {number(moved)} on in {moved.runs}. In the {later.runs} runs of {later.n} cases that "
            f"end with both, the motion comes {number(later)} steps after the mark{named}. The mark is first in "
            f"{shares['marked_first']} of them, the motion in {shares['moved_first']}, and both come within one step "
            f"in {shares['together']}."
        )
    return "\n".join(lines) + "\n"


def caption(figure: str, panels: Sequence[Panel], **of: object) -> str:
    """What was measured; reStructuredText, one paragraph. of: model, level, held."""
    right = chr(ord(panels[-1].panel) + 1)
    return (
        f"{grids.title(figure)}. The clean estimate x0_pred of untouched runs, model {of['model']}: rows = steps, "
        f"columns = frames. {grids.listed(panels)}. The cases and seeds shown were fixed before any was seen. "
        f"({right}) Above: how much of the mark around the named object is in the frame in which it is to be whole "
        "while nothing has moved yet, and how far any object, and the named one, has gone into the box in the last: "
        "weights by non-negative least squares of what each candidate's marks and motions add to the picture; mean "
        f"over cases with {of['level']:.0%} bootstrap intervals (seeds averaged within a case). Below: by how many "
        "steps the motion comes after the mark, each from the first step from which on it stays at "
        f"{of['held']:g} or above; bars are runs that end with both, the diamond is the mean over cases with its "
        "interval; letters mark the runs shown.\n"
    )
