"""Figure 5: is the object found before it moves? x0_pred of single runs, and when mark and motion appear in all."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

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
from .fig4 import heading, number
from .words import caption as in_parts
from .words import plural, side

LOOKS = {
    "marked": {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "named object marked"},
    "moved": {"color": style.VERMILLION, "marker": "s", "linestyle": "--", "label": "any object moved"},
    "moved_named": {"color": style.GREEN, "marker": "^", "linestyle": "-.", "label": "named object moved"},
}
SHARES = ["marked_first", "together", "moved_first"]
LETTERS = 32  # of a line in place of the distribution
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
    same_rows = len({panel.steps for panel in panels}) == 1
    of_all = grids.alike(*(pictures[panel.name] for panel in panels)) if same_rows else None
    rows = len(of_all) if of_all else max(len(panel.steps) for panel in panels)
    curves = {look["label"]: of_measure(points, measure) for measure, look in LOOKS.items()}
    later = runs.later.dropna().astype(int)
    told = grids.unmoved(curves) and later.nunique() < 2
    figure = plt.figure(figsize=(style.WIDTH, max(0.7 + 0.41 * rows, 1.75 if told else 2.9)), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[2.3 * len(panels), 2.6])
    for part, panel in zip(np.atleast_1d(left.subfigures(1, len(panels))), panels, strict=True):
        shown = len(of_all or panel.steps)
        spare = max(0, (figure.get_figheight() - 0.7) / 0.41 - shown)
        grids.grid(part, panel, pictures[panel.name], sigmas[panel.name], of_all, spare=spare)
        style.panel_letter(part, panel.panel)
    counted = points.loc[points.n.idxmax()]
    words = heading(points)
    right.suptitle(grids.spoken(counted.task))
    above, below = right.subplots(2, 1, height_ratios=[2, 1] if told else [1, 1])
    if grids.unmoved(curves):
        grids.sentence(above, grids.tell(words, curves))
    else:
        for look in LOOKS.values():
            grids.curve(above, curves[look["label"]], look)
        grids.over_steps(above, "mass in $\\hat{x}_0$", words)
        above.legend(loc="center right")
    if later.nunique() < 2:
        grids.sentence(below, wrap(agreement(later, len(runs)), LETTERS))
    else:
        _differences(below, panels, runs, points)
    style.panel_letter(right, chr(ord(panels[-1].panel) + 1))
    return figure


def of_measure(points: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The curve of one measure over the steps."""
    return points[(points.measure == measure) & points.step.notna()]


def agreement(later: pd.Series, runs: int) -> str:
    """In place of a distribution without a width: what all runs agree on.

    later: (n,) steps of the runs that end with both, of so many runs.
    """
    if later.empty:
        return f"No run of {runs} ends with both a mark and a motion."
    where = {0: "at the same step as"}.get(later.iloc[0], f"{later.iloc[0]:+d} steps from")
    return f"In all {len(later)} runs of {runs} that end with both, the motion comes {where} the mark."


def _differences(axes: plt.Axes, panels: Sequence[Panel], runs: pd.DataFrame, points: pd.DataFrame) -> None:
    """By how many steps motion comes after mark: runs, their mean with its interval, and the runs shown."""
    axes.set(xlabel="step of motion - step of mark", ylabel="runs")
    later = runs.later.dropna().astype(int)
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


def finding(points: pd.DataFrame) -> str:
    """In a sentence: which of mark and motion comes first, by the interval of the steps between them."""
    rows = points[points.step.isna()].set_index("measure")
    if "later" not in rows.index:
        return "no run ends with the named object marked and an object moved, so no order is seen."
    later, together = rows.loc["later"], rows.loc["together"]
    between = f"{number(later)} steps between them, {plural(int(later.runs), 'run')}"
    if pd.isna(later.low) or later.low == later.high == 0:
        both = f"both within one step in {together.estimate:.0%} of the runs"
        return f"no order of mark and motion is visible: {both} ({between})."
    words = {
        "more": "the named object is marked before an object moves",
        "less": "an object moves before the named one is marked",
        "open": "mark and motion are not told apart in time",
    }
    return f"{words[side(later.low, later.high)]} ({between})."


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


def caption(figure: str, panels: Sequence[Panel], points: pd.DataFrame, **of: Any) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText. of: model, level, held."""
    right = chr(ord(panels[-1].panel) + 1)
    counted = points.loc[points.n.idxmax()]
    return in_parts(
        grids.title(figure),
        of["model"],
        finding(points),
        [
            grids.shown_words(panels),
            grids.ALIKE,
            f"({right}) How much of the mark around the named object is in the frame in which it is to be whole while "
            "nothing has moved yet, and how far any object, and the named one, has gone into the box in the last: "
            "weights by non-negative least squares of what each candidate's marks and motions add to the picture. "
            "Below: by how many steps the motion comes after the mark, each from the first step from which on it stays "
            f"at {of['held']:g} or above. Bars: runs that end with both; diamond: the mean over cases; letters: the "
            "runs shown. Where all runs agree words say so.",
        ],
        [
            f"{counted.task}, {heading(points)}; {of['level']:.0%} "
            "bootstrap intervals over cases, seeds averaged within a case. The floor of a weight is 0, that of the "
            "first frame repeated; the null of an order is 0 steps between the two."
        ],
    )
