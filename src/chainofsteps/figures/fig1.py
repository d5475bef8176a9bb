"""Figure 1: one case from two seeds, x0_pred over the steps; beside it candidate masses over all cases."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..config.panels import Panel
from . import marks, style
from .grids import grid, legend, listed, spoken

STRIP = 0.25  # inches: below, for the legend
LOOKS = {
    "chosen": {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "answer of the end"},
    "rival": {"color": style.VERMILLION, "marker": "s", "linestyle": "--", "label": "strongest other"},
}


def draw(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    runs: pd.DataFrame,
    points: pd.DataFrame,
) -> Figure:
    """Figure 1. pictures: uint8 (steps, frames, H, W, 3) by a panel's name; runs, points: of `figures.masses`."""
    tasks = list(dict.fromkeys(points.task))
    rows = max(len(panel.steps) for panel in panels)
    tall = 0.7 + 0.345 * rows
    figure = plt.figure(figsize=(style.WIDTH, tall + STRIP), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[tall, STRIP])
    grids, side = above.subfigures(1, 2, width_ratios=[2.4 * len(panels), 2.5])
    for part, panel in zip(np.atleast_1d(grids.subfigures(1, len(panels))), panels, strict=True):
        grid(part, panel, pictures[panel.name], sigmas[panel.name])
        style.panel_letter(part, panel.panel)
    curves = {}
    for part, task in zip(np.atleast_1d(side.subfigures(len(tasks), 1)), tasks, strict=True):
        axes = curves[task] = part.subplots()
        mass_curves(axes, points[points.task == task])
        shown = [(panel, look) for panel, look in zip(panels, (":", "-."), strict=False) if panel.puzzle == task]
        for panel, line in shown:
            run = runs[(runs.task == task) & (runs.case == panel.case) & (runs.seed == panel.seed)]
            look = {"color": style.GREY, "linestyle": line, "label": f"the other in {panel.panel}"}
            marks.line(axes, run.step, run.rival, **look)
        axes.set_title(f"{spoken(task)}: {heading(points[points.task == task])}")
    strip = below.subplots()
    strip.set_axis_off()
    legend(strip, curves, across=4)
    style.panel_letter(side, chr(ord(panels[-1].panel) + 1))
    return figure


def heading(points: pd.DataFrame) -> str:
    """Over how many runs a curve is."""
    return f"{points.cases.iloc[0]} cases, {points.seeds.iloc[0]} seeds"


def mass_curves(axes, points: pd.DataFrame) -> None:
    """Mass of the answer a run ends with and of its strongest rival against the step, with intervals."""
    for quantity, look in LOOKS.items():
        rows = points[points.quantity == quantity]
        marks.band(axes, rows.step, rows.mass, rows.low, rows.high, **look)
    axes.set(ylim=(-0.04, 1.06), xlabel="step", ylabel="mass in $\\hat{x}_0$")
    axes.set_yticks([0, 0.5, 1])
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def summary(runs: pd.DataFrame, points: pd.DataFrame) -> str:
    """In words: how strong the strongest other answer is at the first step, and from which step on it is gone."""
    lines = []
    for task, of_task in points.groupby("task", sort=False):
        rival = of_task[of_task.quantity == "rival"].set_index("step")
        first = rival.iloc[0]
        last = max(rival.index[rival.high >= 0.1], default=-1)
        gone = rival.index[rival.index > last]
        until = f"its interval is below 0.1 from step {gone[0]} on" if len(gone) else "it does not stay below 0.1"
        solved = runs[runs.task == task].drop_duplicates(["case", "seed"]).right.mean()
        lines.append(
            f"{spoken(task)}, {heading(of_task)}: at step 0 the strongest answer other than the run's own "
            f"has mass {first.mass:.2f} [{first.low:.2f}, {first.high:.2f}]; {until}. {solved:.0%} of the runs end "
            "with a right answer."
        )
    return "\n".join(lines) + "\n"


def caption(panels: Sequence[Panel], points: pd.DataFrame, model: str, level: float) -> str:
    """What was measured; reStructuredText, one paragraph."""
    over = "; ".join(f"{task}, {heading(rows)}" for task, rows in points.groupby("task", sort=False))
    return (
        f"Figure 1. The clean estimate x0_pred of untouched runs, model {model}: rows = steps, columns = frames. "
        f"{listed(panels)}. Right: how strongly the last frame of x0_pred supports the answer that the run ends with, "
        f"and the strongest other candidate, mean over cases with {level:.0%} bootstrap intervals (seeds averaged "
        f"within a case): {over}. "
        "Grey lines: the strongest other candidate of the runs shown.\n"
    )
