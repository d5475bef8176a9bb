"""Figure 8: score against the frame count, and against the number of steps; a line per task and their mean."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..bench.categories import category_of
from ..bench.scorer_check import sentence
from ..probes.frames.table import MEAN, REFERENCES, by_setting
from . import marks, style
from .grids import spoken

SETTINGS = {"frames": "frames of the video", "steps": "denoising steps"}  # of panels a and b
MARKERS = "osD^vP*Xp<>hd"
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


def looks(tasks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour by category, and a marker of its own for each task."""
    return {
        task: {"color": style.CATEGORIES[category_of(task)], "marker": MARKERS[number % len(MARKERS)]}
        for number, task in enumerate(tasks)
    }


def draw(points: pd.DataFrame) -> Figure:
    """Figure 8 of `points`."""
    tasks = [task for task in dict.fromkeys(points.task) if task != MEAN]
    of_task = looks(tasks)
    figure = plt.figure(figsize=(style.WIDTH, 3.1), layout="constrained")
    parts = figure.subfigures(1, 3, width_ratios=[1.15, 0.95, 0.66])
    for part, letter, (setting, words) in zip(parts, "ab", SETTINGS.items(), strict=False):
        axes = part.subplots()
        curves(axes, points[points.setting == setting], of_task)
        axes.set(xlabel=words, ylabel="mean score", ylim=(-0.04, 1.04))
        part.suptitle(heading(points[points.setting == setting]))
        style.panel_letter(part, letter)
    legend(parts[-1], of_task, points)
    return figure


def curves(axes, rows: pd.DataFrame, of_task: Mapping[str, Mapping[str, Any]]) -> None:
    """One panel: values at even distances, tasks side by side at each so that their intervals are told apart."""
    values = sorted(rows.value.unique())
    place = {value: index for index, value in enumerate(values)}
    shown = [task for task in of_task if task in set(rows.task)]
    for number, task in enumerate(shown):
        points = rows[rows.task == task]
        x = points.value.map(place) + 0.66 * ((number + 1) / (len(shown) + 1) - 0.5)
        interval(axes, x, points, alpha=0.75, linewidth=0.8, linestyle="--", **of_task[task])
    overall = rows[rows.task == MEAN] if MEAN in set(rows.task) else rows
    if MEAN in set(rows.task):
        interval(axes, overall.value.map(place), overall, **MEAN_LOOK)
    for floor in FLOOR_WORDS:
        if floor in overall and overall[floor].notna().any():
            marks.line(axes, overall.value.map(place), overall[floor], **style.FLOORS[floor], marker="", zorder=1)
    for value in sorted(rows[rows.own].value.unique()):
        axes.axvspan(place[value] - 0.38, place[value] + 0.38, color=style.GREY, alpha=0.13, linewidth=0, zorder=0)
    axes.set_xticks(range(len(values)), [f"{value:g}" for value in values])
    axes.set_xlim(-0.45, len(values) - 0.55)


def interval(axes, x: pd.Series, points: pd.DataFrame, **look) -> None:
    """Mean scores with their intervals, joined by a line."""
    marks.dots(axes, x, points.score, points.score_low, points.score_high, **look)


def legend(part, of_task: Mapping[str, Mapping[str, Any]], points: pd.DataFrame) -> None:
    """Tasks, their mean, floors and the mark of the own setting, for both panels."""
    lines = {spoken(task): Line2D([], [], linestyle="--", linewidth=0.8, **of_task[task]) for task in of_task}
    if MEAN in set(points.task):
        lines[MEAN] = Line2D([], [], **{**MEAN_LOOK, "zorder": 1})
    for floor, words in FLOOR_WORDS.items():
        if floor in points:
            lines[words] = Line2D([], [], **style.FLOORS[floor])
    lines["own setting of the model"] = Line2D([], [], color=style.GREY, alpha=0.25, linewidth=7)
    part.legend(lines.values(), lines.keys(), loc="center left", handlelength=2.2, labelspacing=0.55)


def heading(rows: pd.DataFrame) -> str:
    """Over how many cases."""
    each = sorted({int(n) for n in rows[rows.task != MEAN].n})
    seeds = int(rows.seeds.max())
    tasks = rows[rows.task != MEAN].task.nunique()
    of_each = f"{each[0]}" if len(each) == 1 else f"{each[0]} to {each[-1]}"
    return f"{tasks} {'task' if tasks == 1 else 'tasks'}, {of_each} cases of each, {seeds} seed{'s' * (seeds > 1)}"


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
    """What was measured; reStructuredText, one paragraph."""
    over = {setting: heading(points[points.setting == setting]) for setting in SETTINGS}
    floors = [words.partition(": ")[2] for floor, words in FLOOR_WORDS.items() if floor in points]
    told = np.unique(points[(points.setting == "frames")].value)
    return (
        f"Figure 8. Mean score of model {model} (a) against the frame count, {', '.join(f'{n:g}' for n in told)} "
        f"({over['frames']}): the same first frame, prompt and noise, so that the same story has to be told in fewer "
        f"frames; (b) against the number of steps ({over['steps']}), from the same noise. Bars: {level:.0%} bootstrap "
        "intervals over cases, seeds averaged within a case. Black: the mean over tasks, of the same cases at every "
        "value, cases drawn within each task. Shaded: the model's own setting, from its stored runs. "
        + (f"Grey lines: floors ({', '.join(floors)}), mean over the tasks of the panel. " if floors else "")
        + "Panel (b) is one and the same model in fewer or more steps, not a checkpoint distilled to few steps: it "
        f"says nothing about what distillation does. {sentence(points[points.own].scorer_check)}\n"
    )
