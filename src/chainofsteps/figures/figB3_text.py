"""Figure B3 in words: a caption that says what was measured, and what came out, by a fixed rule."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..probes.ladder.table import SHOWN
from .figB3 import first_of_depth, share_of_models
from .grids import spoken
from .words import caption as in_parts
from .words import listed, plural, with_interval


def number(row: Any, name: str) -> str:
    """A value with its interval, such as 0.62 [0.50, 0.74]."""
    return with_interval(*(getattr(row, key) for key in (name, f"{name}_low", f"{name}_high")))


def finding(table: pd.DataFrame) -> str:
    """In a sentence: the shallowest and the deepest model in fewest and most steps, means over puzzles."""
    shown = first_of_depth(table)
    fewest, most = int(shown.steps.min()), int(shown.steps.max())
    means = shown[shown.kind == "plain"].groupby(["layers", "steps"]).solved.mean()
    said = [
        f"{plural(layers, 'layer')} solve{'s' * (layers == 1)} {means[layers, fewest]:.2f} of the cases in "
        f"{plural(fewest, 'step')} and {means[layers, most]:.2f} in {most}"
        for layers in dict.fromkeys((int(shown.layers.min()), int(shown.layers.max())))
    ]
    return f"{'; '.join(said)} (mean over {plural(shown.task.nunique(), 'puzzle')})."


def summary(table: pd.DataFrame, rows: pd.DataFrame, statistics: Mapping[str, Any]) -> str:
    """One sentence of the shallowest model with most steps against the deepest with one, then a line for each puzzle
    and depth, and the bits of the first forward."""
    shown = first_of_depth(table)
    fewest, most = int(shown.steps.min()), int(shown.steps.max())
    cells = shown[shown.kind == "plain"].set_index(["task", "layers", "steps"]).sort_index()
    shallow, deep = int(shown.layers.min()), int(shown.layers.max())
    means = cells.groupby(["layers", "steps"]).solved.mean()
    lines = [
        f"A model of {shallow} layer{'s' * (shallow > 1)} solves {means[shallow, fewest]:.2f} of the cases in "
        f"{fewest} step{'s' * (fewest > 1)} and {means[shallow, most]:.2f} in {most}; one of {deep} layers "
        f"{means[deep, fewest]:.2f} and {means[deep, most]:.2f} (mean over {shown.task.nunique()} puzzles).",
        "",
    ]
    for task in dict.fromkeys(shown.task):
        for layers in sorted(map(int, shown.layers.unique())):
            ends = [number(cells.loc[(task, layers, steps)], "solved") for steps in (fewest, most)]
            anew = shown[(shown.kind == "renoised") & (shown.task == task) & (shown.layers == layers)]
            anew = number(next(anew[anew.steps == most].itertuples()), "solved")
            lines.append(
                f"{spoken(task)}, {layers} layer{'s' * (layers > 1)}: solved {ends[0]} in {fewest}, {ends[1]} in "
                f"{most} steps; {anew} if noised anew after every step."
            )
    for row in share_of_models(rows, statistics).itertuples():
        depth = f"{row.layers} layer{'s' * (int(row.layers) > 1)}"
        lines.append(
            f"{row.model}, {depth}: {with_interval(row.share, row.low, row.high)} of the bits on right answers are "
            f"in the first forward ({row.n} runs)."
        )
    return "\n".join(lines) + "\n"


def caption(table: pd.DataFrame, settings: Mapping[str, Any], statistics: Mapping[str, Any]) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText."""
    again = [model for model in dict.fromkeys(table.model) if model not in set(first_of_depth(table).model)]
    counts = listed(f"{task} {rows.n.max():.0f}" for task, rows in table.groupby("task", sort=False))
    read = [
        f"Models of {listed(table.layers)} layers, on the same cases from the same noise. A case is solved if right "
        f"answers have a weight of {SHOWN:g} or more in the final latents and a mixture of the candidate answers "
        f"misses them by {settings['residual']:g} candidate distances at most.",
        "(a) Share of cases that are solved, by number of steps. Dotted: after every step the latents are made anew "
        "from the clean estimate and new noise, so that a step hands on its estimate and nothing else.",
        "(b) The same against layers times steps, mean over the puzzles: where two depths stand above each other, both "
        "have had the same compute.",
        "(c) Weight of right answers in x0_pred by step, mean over the puzzles; dashed: what an ideal denoiser without "
        "the solution reads from the latents before that step.",
        "(d) Of the bits on right answers that a run has at its last step, the share that its first forward has, mean "
        f"over puzzles.{f' Grey: {listed(again)}.' if again else ''}",
    ]
    counted = [
        f"Cases: {counts}. {statistics['level']:.0%} bootstrap intervals over cases, in (d) drawn within each puzzle; "
        "(b) and (c) have none. The floor of a share is 0; the null of depth is the shallowest model."
    ]
    return in_parts("Figure B3", listed(table.model), finding(table), read, counted)
