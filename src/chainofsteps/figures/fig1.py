"""Figure 1: one case from two seeds, x0_pred over the steps; beside it candidate masses over all cases."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..config.panels import Panel
from . import grids, marks, style
from .words import caption as in_parts
from .words import plural, shared, side

STRIP = 0.25  # inches: below, for the legend
LOOKS = {
    "chosen": {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "final answer"},
    "rival": {"color": style.VERMILLION, "marker": "s", "linestyle": "--", "label": "strongest other"},
}
SHOWN = [{"color": style.GREY, "linestyle": line, "linewidth": 0.9} for line in (":", "-.")]


def draw(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    runs: pd.DataFrame,
    points: pd.DataFrame,
    live: float,
) -> Figure:
    """Figure 1. pictures: uint8 (steps, frames, H, W, 3) by a panel's name; runs, points: of `figures.masses`. live:
    the mass from which on a second answer is there."""
    same_rows = len({panel.steps for panel in panels}) == 1
    of_all = grids.alike(*(pictures[panel.name] for panel in panels)) if same_rows else None
    tall = 0.62 + 0.37 * (len(of_all) if of_all else max(len(panel.steps) for panel in panels))
    heights = side_heights(points)
    tall = max(tall, sum(heights.values()))
    figure = plt.figure(figsize=(style.WIDTH, tall + STRIP), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[tall, STRIP])
    left, right = above.subfigures(1, 2, width_ratios=[2.4 * len(panels), 2.5])
    for part, panel in zip(np.atleast_1d(left.subfigures(1, len(panels))), panels, strict=True):
        grids.grid(part, panel, pictures[panel.name], sigmas[panel.name], of_all, second_answer(panel, runs, live))
        style.panel_letter(part, panel.panel)
    curves = beside(right, panels, runs, points, heights)
    strip = below.subplots()
    strip.set_axis_off()
    grids.legend(strip, curves)
    style.panel_letter(right, chr(ord(panels[-1].panel) + 1))
    return figure


def side_heights(points: pd.DataFrame) -> dict[str, float]:
    """Inches that a task's curves, or the words in their place, take at least."""
    heights = {}
    for task, of_task in points.groupby("task", sort=False):
        told, curves = grids.unmoved(by_words(of_task)), by_words(of_task)
        heights[task] = grids.LINE * (len(grids.tell("", curves)) + 2) if told else grids.HEAD + grids.CURVE
    return heights


def beside(
    part_of_all, panels: Sequence[Panel], runs: pd.DataFrame, points: pd.DataFrame, heights: Mapping[str, float]
) -> dict[str, plt.Axes]:
    """The curves of all tasks above each other, with the runs shown; words where a task's do not move."""
    curves = {}
    parts = np.atleast_1d(part_of_all.subfigures(len(heights), 1, height_ratios=list(heights.values())))
    for part, task in zip(parts, heights, strict=True):
        axes, of_task = part.subplots(), points[points.task == task]
        curves[task], told = axes, grids.unmoved(by_words(of_task))
        if told:
            grids.sentence(axes, grids.tell(heading(of_task), by_words(of_task)))
        else:
            mass_curves(axes, of_task)
            for panel, look in zip(panels, SHOWN, strict=False):
                if panel.puzzle == task:
                    run = of_panel(panel, runs)
                    marks.line(axes, run.step, run.rival, **look, label=f"strongest other, shown case ({panel.panel})")
        part.suptitle(f"{grids.spoken(task)}" + ("" if told else f": {heading(of_task)}"))
    return curves


def of_panel(panel: Panel, runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of the run that a panel shows."""
    return runs[(runs.task == panel.puzzle) & (runs.case == panel.case) & (runs.seed == panel.seed)]


def second_answer(panel: Panel, runs: pd.DataFrame, live: float) -> list[int]:
    """The steps at which the strongest other answer of the run shown has a mass of `live` or more."""
    run = of_panel(panel, runs)
    return run.step[run.rival >= live].tolist()


def by_words(points: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The curves of one task by their words: step, estimate, low, high."""
    named = points.rename(columns={"mass": "estimate"})
    return {look["label"]: named[named.quantity == quantity] for quantity, look in LOOKS.items()}


def heading(points: pd.DataFrame) -> str:
    """Over how many runs a curve is."""
    return f"{plural(points.cases.iloc[0], 'case')}, {plural(points.seeds.iloc[0], 'seed')}"


def mass_curves(axes, points: pd.DataFrame) -> None:
    """Mass of the answer a run ends with and of its strongest rival against the step, with intervals."""
    for quantity, look in LOOKS.items():
        rows = points[points.quantity == quantity]
        marks.band(axes, rows.step, rows.mass, rows.low, rows.high, **look)
    axes.set(ylim=(-0.04, 1.06), xlabel="step", ylabel="mass in $\\hat{x}_0$")
    axes.set_yticks([0, 0.5, 1])
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def verdicts(points: pd.DataFrame, live: float) -> dict[str, str]:
    """Of each task by its words, whether a second answer is there at the first step: "more", "less" or "open", as the
    interval of the strongest other answer lies above `live`, below it, or on both sides."""
    first = points[(points.quantity == "rival") & (points.step == points.step.min())]
    return {grids.spoken(row.task): side(row.low - live, row.high - live) for row in first.itertuples()}


def finding(points: pd.DataFrame, live: float) -> str:
    """In a sentence: in how many puzzles x0_pred holds a second answer at the first step."""
    said = shared(verdicts(points, live), {"more": "there", "less": "not there", "open": "not decided"}, "puzzle")
    return f"a second answer in the estimate of the clean video at step {points.step.min()}: {said}."


def summary(runs: pd.DataFrame, points: pd.DataFrame, live: float) -> str:
    """In words: how strong the strongest other answer is at the first step, and from which step on it is gone."""
    lines = []
    for task, of_task in points.groupby("task", sort=False):
        rival = of_task[of_task.quantity == "rival"].set_index("step")
        first = rival.iloc[0]
        last = max(rival.index[rival.high >= live], default=-1)
        gone = rival.index[rival.index > last]
        until = f"below {live:g} from step {gone[0]} on" if len(gone) else ""
        solved = runs[runs.task == task].drop_duplicates(["case", "seed"]).right.mean()
        lines.append(
            f"{grids.spoken(task)}, {heading(of_task)}: at step 0 the strongest answer other than the run's own "
            f"has mass {first.mass:.2f} [{first.low:.2f}, {first.high:.2f}]; "
            f"{f'its interval is {until}' if until else f'it does not stay below {live:g}'}. {solved:.0%} of the runs "
            "end with a right answer."
        )
    return "\n".join(lines) + "\n"


def read_words(live: float) -> str:
    """How to read the masses and the marked pictures."""
    return (
        "The curves show how strongly the last frame of x0_pred supports the answer that a run ends with (final "
        "answer), and the strongest other candidate; grey: that of the case shown, which is one of those. A coloured "
        f"frame marks a last frame in which the strongest other candidate has a mass of {live:g} or more."
    )


def counted_words(points: pd.DataFrame, level: float) -> str:
    """n, seeds and interval of the masses."""
    over = "; ".join(f"{task}, {heading(rows)}" for task, rows in points.groupby("task", sort=False))
    return (
        f"{over}. Means over cases with {level:.0%} bootstrap intervals over cases, seeds averaged within a case. "
        "The floor of a mass is 0, that of a frame that draws no answer; these masses have no other null."
    )


def caption(panels: Sequence[Panel], points: pd.DataFrame, *, live: float, **of: Any) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText. of: model, level."""
    right = chr(ord(panels[-1].panel) + 1)
    return in_parts(
        "Figure 1",
        of["model"],
        finding(points, live),
        [
            grids.shown_words(panels),
            grids.ALIKE,
            f"({right})",
            read_words(live),
        ],
        [counted_words(points, of["level"])],
    )
