"""Figures 1, 2, 4, 5 and A9 to A12 of cases whose answers nobody has listed: grids of x0_pred, beside each its score.

Puzzles made here are read for their candidate answers. Of any other case a figure shows the pictures, and the score of
x0_pred by step where the cases have a scorer, as those of VBVR-Bench have.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..config.panels import Panel
from ..statistics import SHARE, Interval, bootstrap_mean
from ..tables import read_shards
from . import grids, marks, style
from .drawn import Drawing
from .words import with_interval

LOOK = {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "score of $\\hat{x}_0$, mean"}
POINTS = ["task", "step", "n", "seeds", "estimate", "low", "high"]
SHOWN = {"color": style.GREY, "linestyle": ":", "label": "run shown"}


def measured(scores: pd.DataFrame, interval: Interval) -> pd.DataFrame:
    """Mean score by task and step, cases drawn: task, step, n, seeds, estimate, low, high; seeds of a case averaged.

    scores: SCORE_COLUMNS of probes.x0_pred.rows.
    """
    points = []
    how = (interval.resamples, interval.level, interval.seed)
    for (task, step), rows in scores.groupby(["task", "step"], sort=False):
        per_case = rows.groupby("case").score.mean()
        values = bootstrap_mean(per_case.to_numpy(), *how, bounds=SHARE)
        point = {"task": task, "step": step, "n": len(per_case), "seeds": rows.seed.nunique()}
        points.append(point | dict(zip(("estimate", "low", "high"), values, strict=True)))
    return pd.DataFrame(points, columns=POINTS)


def draw(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    scores: pd.DataFrame,
    points: pd.DataFrame,
) -> Figure:
    """pictures: uint8 (steps, frames, H, W, 3) by a panel's name; points: of `measured`, without a row for cases that
    nothing scores."""
    figure, curves, strip = grids.page(panels, pictures, sigmas)
    for panel in panels:
        if points.empty:
            curves[panel.name].set_axis_off()
            continue
        axes, of_task = curves[panel.name], points[points.task == panel.puzzle]
        grids.curve(axes, of_task, LOOK)
        run = scores[(scores.task == panel.puzzle) & (scores.case == panel.case) & (scores.seed == panel.seed)]
        marks.line(axes, run.step, run.score, **SHOWN)
        grids.over_steps(axes, "score", f"{of_task.n.iloc[0]} cases, {of_task.seeds.iloc[0]} seeds")
    grids.legend(strip, curves)
    return figure


def summary(points: pd.DataFrame) -> str:
    """In words, a line for each task: the score of x0_pred at the first step and at the last."""
    lines = [] if len(points) else ["These cases have no scorer: the pictures are all there is."]
    for task, rows in points.groupby("task", sort=False):
        first, last = (with_interval(row.estimate, row.low, row.high) for row in rows.iloc[[0, -1]].itertuples())
        lines.append(
            f"{grids.spoken(task)}, {rows.n.iloc[0]} cases, {rows.seeds.iloc[0]} seeds: x0_pred scores {first} at step "
            f"{rows.step.iloc[0]} and {last} at step {rows.step.iloc[-1]}."
        )
    return "\n".join(lines) + "\n"


def caption(figure: str, panels: Sequence[Panel], scored: bool, **of: Any) -> str:
    """What was measured; reStructuredText, one paragraph. scored: the cases have a scorer. of: model, level."""
    beside = (
        f"Beside each, the score of x0_pred by step, mean over all cases of the task with {of['level']:.0%} bootstrap "
        "intervals (seeds averaged within a case)."
        if scored
        else "Nothing scores these cases."
    )
    return (
        f"{grids.title(figure)}. The clean estimate x0_pred of untouched runs, model {of['model']}: rows = steps, "
        f"columns = frames. {grids.listed(panels)}. The cases and seeds shown were fixed before any was seen. "
        f"{beside} Candidate answers are not listed for these cases; none is read.\n"
    )


def write(drawing: Drawing, figure: str) -> None:
    """The whole figure, from the inputs `pictures` and, where the cases have a scorer, `scores` of its rule."""
    scored = hasattr(drawing.input, "scores")
    scores = read_shards(drawing.input.scores) if scored else pd.DataFrame(columns=["task", "step"])
    points = measured(scores, drawing.interval)
    panels = grids.numbered(drawing.panels, drawing.input.pictures)
    drawing.write(
        draw(panels, *grids.load(drawing.panels, drawing.input.pictures), scores, points),
        f"{grids.title(figure)}: x0_pred over the steps",
        caption=caption(figure, drawing.panels, scored, **drawing.about),
        summary=summary(points),
        tables={"points": points.round(4)},
        of=["pictures", *["scores"] * scored],
    )
