"""Figures 4, A11 and A12: what is remembered, and what is revised: x0_pred of one run each, and the share over all.

Beside puzzles that ask for a memory: whether the reference is gone half-way and there at the end. Beside the others:
whether the answer of the end leads already, and whether a wrong one is held.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..bench.readings import MEMORY
from ..config.panels import Panel
from ..probes.x0_pred import decided_tables
from ..probes.x0_pred.decided import Thresholds, by_step, reading_steps
from . import grids, marks, style
from .words import caption as in_parts
from .words import plural, shared, side, with_interval

MEMORIES = {
    "away": {"color": style.SKY, "marker": "^", "linestyle": "-.", "label": "away half-way"},
    "back": {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "back at the end"},
    "kept": {"color": style.VERMILLION, "marker": "s", "linestyle": "--", "label": "kept"},
}
ANSWERS = {
    "final": {"color": style.GREEN, "marker": "D", "linestyle": "-", "label": "final answer leads"},
    "wrong": {"color": style.PURPLE, "marker": "v", "linestyle": "--", "label": "a wrong answer is held"},
}
REVISIONS = ["decided_at", "wrong_to_right", "right_to_wrong", "net_revision"]
SPREADS = ["spread", "spread_null", "in_one", "in_one_null"]


def steps_of(tables: Mapping[str, pd.DataFrame], thresholds: Thresholds) -> dict[str, pd.DataFrame]:
    """Every run and step: `decided.by_step` and `decided.reading_steps` by "leading" and "read"; tables: masses and
    readings."""
    return {"leading": by_step(tables["masses"], thresholds), "read": reading_steps(tables["readings"], thresholds)}


def measured(steps: Mapping[str, pd.DataFrame], runs: pd.DataFrame, statistics: Mapping) -> pd.DataFrame:
    """The points: a row for each task, step and measure, and for each task and measure of whole runs, without a step.

    steps: `decided.by_step` and `decided.reading_steps` by "leading" and "read"; runs: `decided.runs_of`.
    """
    curves = [decided_tables.curve(steps["leading"], list(ANSWERS), statistics)]
    curves.append(decided_tables.curve(steps["read"], list(MEMORIES), statistics))
    whole = decided_tables.of_runs(runs, statistics)
    whole = whole[whole.measure.isin(REVISIONS + SPREADS) & (whole.task != decided_tables.ALL)]
    points = pd.concat([table for table in [*curves, whole] if len(table)], ignore_index=True)
    return points.reindex(columns=decided_tables.STEP_COLUMNS)


def draw(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    steps: Mapping[str, pd.DataFrame],
    points: pd.DataFrame,
) -> Figure:
    """pictures: uint8 (steps, frames, H, W, 3) by a panel's name; steps, points: of `measured`."""
    of = {panel.name: by_words(points, panel.puzzle) for panel in panels}
    counted = {panel.name: heading(points[(points.task == panel.puzzle) & points.step.notna()]) for panel in panels}
    told = {name: grids.tell(counted[name], curves) for name, curves in of.items() if grids.unmoved(curves)}
    figure, curves, strip = grids.page(panels, pictures, sigmas, told)
    for panel in panels:
        axes, memory = curves[panel.name], panel.puzzle in MEMORY
        if panel.name in told:
            continue
        looks = MEMORIES if memory else ANSWERS
        for look in looks.values():
            grids.curve(axes, of[panel.name][look["label"]], look)
        table, column = (steps["read"], "back") if memory else (steps["leading"], "final")
        run = table[(table.task == panel.puzzle) & (table.case == panel.case) & (table.seed == panel.seed)]
        words = f"{looks[column]['label']}, shown case"
        marks.line(axes, run.step, run[column], color=style.GREY, linestyle="--" if memory else ":", label=words)
        grids.over_steps(axes, "share" if memory else "share of runs", counted[panel.name])
    grids.legend(strip, curves)
    return figure


def heading(points: pd.DataFrame) -> str:
    """Over how many cases and seeds, at most."""
    return f"{plural(int(points.n.max()), 'case')}, {plural(int(points.seeds.max()), 'seed')}"


def by_words(points: pd.DataFrame, task: str) -> dict[str, pd.DataFrame]:
    """The curves of one task by their words: step, estimate, low, high."""
    of_task = points[(points.task == task) & points.step.notna()]
    looks = MEMORIES if task in MEMORY else ANSWERS
    return {look["label"]: of_task[of_task.measure == measure] for measure, look in looks.items()}


def number(row) -> str:
    """An estimate with its interval."""
    return with_interval(row.estimate, row.low, row.high)


def finding(points: pd.DataFrame) -> str:
    """In a sentence: how many runs keep the reference at the worst step of the worst puzzle, and in how many puzzles
    more wrong answers become right than right ones wrong, by the interval of the difference."""
    said, kept = [], points[(points.measure == "kept") & points.step.notna()]
    if len(kept):
        worst = kept.sort_values(["estimate", "low"], kind="stable").iloc[0]
        puzzles = plural(kept.task.nunique(), "puzzle")
        said.append(f"{number(worst)} of the runs keep the reference at the worst step of {puzzles}")
    revised = points[points.measure == "net_revision"]
    verdicts = {
        grids.spoken(row.task): side(row.low, row.high) for row in revised.itertuples() if row.task not in MEMORY
    }
    if verdicts:
        words = {"more": "more", "less": "fewer", "open": "not told apart"}
        said.append(f"revised wrong answers against spoilt right ones: {shared(verdicts, words, 'puzzle')}")
    return f"{'; '.join(said)}."


def summary(points: pd.DataFrame) -> str:
    """In words, one line a puzzle: where the reference is kept; or who was revised, and in how many frames at once."""
    lines = []
    for task, rows in points.groupby("task", sort=False):
        at = {measure: found.sort_values("step").reset_index(drop=True) for measure, found in rows.groupby("measure")}
        counted = rows.loc[rows.n.idxmax()]
        head = f"{grids.spoken(task)}, {counted.n} cases, {counted.seeds} seeds: "
        if task in MEMORY:
            kept = at["kept"]
            lines.append(
                f"{head}the reference is away half-way and there at the end in {number(kept.iloc[0])} of the runs at "
                f"step 0 and {number(kept.iloc[-1])} at the last."
            )
            continue
        words = [
            f"a wrong answer that was held became right in {number(at['wrong_to_right'].iloc[0])} of the runs and a "
            f"right one wrong in {number(at['right_to_wrong'].iloc[0])}, difference "
            f"{number(at['net_revision'].iloc[0])}"
        ]
        if "decided_at" in at:
            words.append(f"the final answer leads from step {number(at['decided_at'].iloc[0])} on in the mean")
        if "in_one" in at:
            null = number(at["in_one_null"].iloc[0]) if "in_one_null" in at else "(one run has no null)"
            words.append(
                f"of {at['in_one'].iloc[0].runs} runs in which a frame changed after step 0, all frames changed within "
                f"one step in {number(at['in_one'].iloc[0])}, where frames that change independently would in {null}"
            )
        lines.append(f"{head}{'; '.join(words)}.")
    return "\n".join(lines) + "\n"


def caption(figure: str, panels: Sequence[Panel], points: pd.DataFrame, **of: Any) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText. of: model, level, live, held."""
    tasks = dict.fromkeys(panel.puzzle for panel in panels)
    memory, others = ([task for task in tasks if (task in MEMORY) == which] for which in (True, False))
    read = [
        grids.shown_words(panels),
        grids.ALIKE,
    ]
    if memory:
        read.append(
            f"For {', '.join(memory)}, how much of the object's colour is away from where it would be seen in the "
            "middle frame, and how much is at its place in the last (of two objects the worse); kept: the share of "
            f"runs in which both, and its place in the first frame, are at least {of['held']:g}."
        )
    if others:
        read.append(
            f"For {', '.join(others)}, the share of runs in which the candidate that leads at the end leads (with a "
            f"mass above {of['live']:g}), and the share in which a wrong one is held, with a mass of at least "
            f"{of['held']:g}."
        )
    over = "; ".join(f"{task}, {rows.n.max()} cases, {rows.seeds.max()} seeds" for task, rows in points.groupby("task"))
    counted = [
        f"{over}. Over cases with {of['level']:.0%} bootstrap intervals, seeds averaged within a case.",
        "The floor of a memory is 0: the first frame repeated keeps nothing by this count, as nothing is away."
        if memory
        else "",
        "The null of a revised answer is a spoilt one: a right answer that becomes wrong." if others else "",
    ]
    return in_parts(grids.title(figure), of["model"], finding(points), [*read, "Grey: the case shown."], counted)
