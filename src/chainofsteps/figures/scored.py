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
from .fig4 import heading
from .words import caption as in_parts
from .words import shared, side, with_interval

LOOK = {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "mean score"}
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
    of = {panel.name: {LOOK["label"]: points[points.task == panel.puzzle]} for panel in panels}
    told = {name: ["Nothing scores", "this case."] for name in of if points.empty}
    counted = {panel.name: heading(points[points.task == panel.puzzle]) for panel in panels if len(points)}
    told |= {name: grids.tell(words, of[name]) for name, words in counted.items() if grids.unmoved(of[name])}
    figure, curves, strip = grids.page(panels, pictures, sigmas, told)
    for panel in panels:
        axes, of_task = curves[panel.name], points[points.task == panel.puzzle]
        if panel.name in told:
            continue
        grids.curve(axes, of_task, LOOK)
        run = scores[(scores.task == panel.puzzle) & (scores.case == panel.case) & (scores.seed == panel.seed)]
        marks.line(axes, run.step, run.score, **SHOWN)
        grids.over_steps(axes, "score", counted[panel.name])
    grids.legend(strip, curves)
    return figure


def finding(points: pd.DataFrame) -> str:
    """In a sentence: in how many tasks the score of x0_pred rises or falls from the first step to the last. It does
    where the two intervals lie apart."""
    if points.empty:
        return "these cases have no scorer: the pictures are all there is."
    verdicts = {}
    for task, rows in points.groupby("task", sort=False):
        first, last = (row for _, row in rows.sort_values("step").iloc[[0, -1]].iterrows())
        verdicts[grids.spoken(task)] = side(last.low - first.high, last.high - first.low)
    words = {"more": "higher", "less": "lower", "open": "not told apart"}
    ends = f"at step {points.step.max()} against step {points.step.min()}"
    return f"score of the estimate of the clean video {ends}: {shared(verdicts, words, 'task')}."


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


def caption(figure: str, panels: Sequence[Panel], points: pd.DataFrame, **of: Any) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText. of: model, level."""
    read = [
        grids.shown_words(panels),
        grids.ALIKE,
        "Beside each, the score of x0_pred by step." if len(points) else "",
        "Candidate answers are not listed for these cases; none is read.",
    ]
    over = "; ".join(
        f"{task}, {rows.n.iloc[0]} cases, {rows.seeds.iloc[0]} seeds" for task, rows in points.groupby("task")
    )
    counted = [
        f"{over}. Means over cases with {of['level']:.0%} bootstrap intervals over cases, seeds averaged within a "
        "case. The floor is a score of 0; there is no null."
        if over
        else "Nothing scores these cases."
    ]
    return in_parts(grids.title(figure), of["model"], finding(points), read, counted)


def write(drawing: Drawing, figure: str) -> None:
    """The whole figure, from the inputs `pictures` and, where the cases have a scorer, `scores` of its rule."""
    scored = hasattr(drawing.input, "scores")
    scores = read_shards(drawing.input.scores) if scored else pd.DataFrame(columns=["task", "step"])
    points = measured(scores, drawing.interval)
    panels = grids.numbered(drawing.panels, drawing.input.pictures)
    drawing.write(
        draw(panels, *grids.load(drawing.panels, drawing.input.pictures), scores, points),
        f"{grids.title(figure)}: x0_pred over the steps",
        finding=finding(points),
        caption=caption(figure, drawing.panels, points, **drawing.about),
        summary=summary(points),
        tables={"points": points.round(4)},
        of=["pictures", *["scores"] * scored],
    )
