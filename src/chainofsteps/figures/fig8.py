"""Figure 8: score against the frame count, and against the number of steps; a line per task and their mean."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..bench.scorer_check import sentence
from ..probes.frames.table import MEAN, REFERENCES, by_setting
from . import marks, style
from .grids import spoken
from .words import caption as in_parts
from .words import side

SETTINGS = {"frames": "frames of the video", "steps": "denoising steps"}  # of panels a and b
NAMED, UNNAMED = 10, {"color": style.GREY, "marker": ""}  # so many tasks have a name and a look, and more have not
MEAN_LOOK = {"color": style.BLACK, "marker": "o", "linestyle": "-", "linewidth": 1.8, "markersize": 4, "zorder": 4}
FLOOR_WORDS = {"floor_static": "floor: first frame repeated", "floor_noise": "floor: decoded noise"}


def with_floors(few_steps: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Runs of other numbers of steps, with the references of their case at its own frame count, as far as there are."""
    own = frames[frames.own].drop_duplicates(["task", "case"])[["task", "case", *REFERENCES]]
    return few_steps.merge(own, on=["task", "case"], how="left")


def points(frames: pd.DataFrame, few_steps: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Every point of both panels: setting (frames or steps), value, and the columns of frames.by_setting.

    frames, few_steps: rows of single runs, the latter with a column own.
    """
    of_panels = {"frames": frames, "steps": with_floors(few_steps, frames)}
    tables = [
        by_setting(runs, setting, statistics).rename(columns={setting: "value"}).assign(setting=setting)
        for setting, runs in of_panels.items()
    ]
    joined = pd.concat(tables)
    return joined[["setting", *joined.columns.drop("setting")]]


def draw(points: pd.DataFrame) -> Figure:
    """Figure 8 of `points`."""
    tasks = [task for task in dict.fromkeys(points.task) if task != MEAN]
    of_task = style.of_tasks(tasks) if len(tasks) <= NAMED else dict.fromkeys(tasks, UNNAMED)
    figure = plt.figure(figsize=(style.WIDTH, 2.6), layout="constrained")
    parts = figure.subfigures(1, 3, width_ratios=[1.1, 1.1, 0.7])
    for part, letter, (setting, words) in zip(parts, "ab", SETTINGS.items(), strict=False):
        axes = part.subplots()
        curves(axes, points[points.setting == setting], of_task)
        axes.set(xlabel=words, ylabel="mean score", ylim=(-0.04, 1.06))
        part.suptitle(heading(points[points.setting == setting]))
        style.panel_letter(part, letter)
    legend(parts[-1], of_task, points)
    return figure


def curves(axes, rows: pd.DataFrame, of_task: Mapping[str, Mapping[str, Any]]) -> None:
    """One panel: every value at its own place on a logarithmic axis. The mean over tasks has its interval, and a task
    where it is the only one; the others are lines."""
    values = sorted(rows.value.unique())
    alone = MEAN not in set(rows.task)
    for task in (task for task in of_task if task in set(rows.task)):
        points = rows[rows.task == task].sort_values("value")
        if alone:
            interval(axes, points, **of_task[task])
        else:
            marks.line(axes, points.value, points.score, alpha=0.8, linewidth=0.8, linestyle="--", **of_task[task])
    overall = rows if alone else rows[rows.task == MEAN].sort_values("value")
    if not alone:
        interval(axes, overall, **MEAN_LOOK)
    for floor in FLOOR_WORDS:
        if floor in overall and overall[floor].notna().any():
            marks.line(axes, overall.value, overall[floor], **style.FLOORS[floor], marker="", zorder=1)
    for value in sorted(rows[rows.own].value.unique()):
        axes.axvline(value, color=style.GREY, alpha=0.25, linewidth=9, zorder=0)
    axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    room = (max(values) / min(values)) ** 0.08
    axes.set_xlim(min(values) / room, max(values) * room)


def interval(axes, points: pd.DataFrame, **look) -> None:
    """Mean scores with their intervals, joined by a line."""
    marks.dots(axes, points.value, points.score, points.score_low, points.score_high, **look)


def legend(part, of_task: Mapping[str, Mapping[str, Any]], points: pd.DataFrame) -> None:
    """Tasks, their mean, floors and the mark of the own setting, for both panels."""
    named = {spoken(task): look for task, look in of_task.items()} if len(of_task) <= NAMED else {"a task": UNNAMED}
    lines = {words: Line2D([], [], linestyle="--", linewidth=0.8, **look) for words, look in named.items()}
    if MEAN in set(points.task):
        lines[MEAN] = Line2D([], [], **{**MEAN_LOOK, "zorder": 1})
    for floor, words in FLOOR_WORDS.items():
        if floor in points:
            lines[words] = Line2D([], [], **style.FLOORS[floor])
    lines["the model's own setting"] = Line2D([], [], color=style.GREY, alpha=0.25, linewidth=7)
    part.legend(lines.values(), lines.keys(), loc="center left", handlelength=2.2, labelspacing=0.5)


def heading(rows: pd.DataFrame) -> str:
    """Over how many cases."""
    each = sorted({int(n) for n in rows[rows.task != MEAN].n})
    seeds = int(rows.seeds.max())
    tasks = rows[rows.task != MEAN].task.nunique()
    of_each = f"{each[0]}" if len(each) == 1 else f"{each[0]} to {each[-1]}"
    return f"{tasks} {'task' if tasks == 1 else 'tasks'}, {of_each} cases of each, {seeds} seed{'s' * (seeds > 1)}"


def finding(points: pd.DataFrame) -> str:
    """In a sentence: what the fewest frames and the fewest steps cost of the score of the model's own setting."""
    said = []
    for setting, words in SETTINGS.items():
        rows = points[points.setting == setting]
        overall = rows[rows.task == MEAN] if MEAN in set(rows.task) else rows
        own, fewest = overall[overall.own], overall.loc[overall.value.idxmin()]
        if own.empty or "score_difference" not in overall or fewest.own:
            said.append(f"the model's own number of {words} is not compared with a lower one")
            continue
        low, high = fewest.score_difference_low, fewest.score_difference_high
        verdict = {"more": "higher", "less": "lower", "open": "not told apart"}[side(low, high)]
        said.append(
            f"{fewest.value:g} {words} against {own.value.iloc[0]:g}: score {fewest.score_difference:+.2f}"
            f"{'' if pd.isna(low) else f' [{low:+.2f}, {high:+.2f}]'}, {verdict}"
        )
    return f"{'; '.join(said)}."


def summary(points: pd.DataFrame) -> str:
    """In words, of each value that is not the own one: the loss of score against that, and what its interval allows."""
    lines = []
    for setting, words in SETTINGS.items():
        rows = points[points.setting == setting]
        overall = rows[rows.task == MEAN] if MEAN in set(rows.task) else rows
        own = overall[overall.own]
        if own.empty or "score_difference" not in overall:
            lines.append(f"Against the number of {words}: the model's own number was not run, so nothing is compared.")
            continue
        best = own.iloc[0]
        said = [f"{best.score:.2f} [{best.score_low:.2f}, {best.score_high:.2f}] at the model's own {best.value:g}"]
        for row in overall[~overall.own].sort_values("value", ascending=False).itertuples():
            low, high = row.score_difference_low, row.score_difference_high
            verdict = "lower" if high < 0 else "higher" if low > 0 else "not told apart"
            said.append(f"{row.value:g}: {row.score_difference:+.2f} [{low:+.2f}, {high:+.2f}], {verdict}")
        lines.append(f"Mean score against the number of {words} ({heading(rows)}): {'; '.join(said)}.")
    own = points[(points.setting == "frames") & points.own]
    if not own.empty:
        lines.append(f"No video of more than {own.value.max():g} frames was made: of longer ones this says nothing.")
    return "\n".join(lines) + "\n"


def caption(points: pd.DataFrame, model: str, level: float) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText."""
    over = {setting: heading(points[points.setting == setting]) for setting in SETTINGS}
    floors = [words.partition(": ")[2] for floor, words in FLOOR_WORDS.items() if floor in points]
    told = np.unique(points[(points.setting == "frames")].value)
    read = [
        f"Mean score (a) against the frame count, {', '.join(f'{n:g}' for n in told)}: the same first frame, prompt "
        "and noise, so that the same story has to be told in fewer frames; (b) against the number of steps, from the "
        "same noise. Black: the mean over tasks, of the same cases at every value. Shaded: the model's own setting, "
        "from its stored runs. The intervals of single tasks are in the table of the points.",
        f"Grey lines: floors ({', '.join(floors)}), mean over the tasks of the panel." if floors else "",
        "Panel (b) is one and the same model in fewer or more steps, not a checkpoint distilled to few steps: it says "
        "nothing about what distillation does.",
    ]
    counted = [
        f"(a) {over['frames']}; (b) {over['steps']}. Bars: {level:.0%} bootstrap intervals over cases, drawn within "
        "each task, seeds averaged within a case. The null is a difference of 0 to the model's own setting.",
        sentence(points[points.own].scorer_check),
    ]
    return in_parts("Figure 8", model, finding(points), read, counted)
