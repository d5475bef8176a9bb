"""Figure B1: choice or search. Weights on candidate answers by step, of the model and of the ideal denoiser."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..config.panels import Panel
from . import marks, style
from .grids import PICTURE, alike, grid, listed, spoken
from .words import caption as in_parts
from .words import plural, shared, side

MODEL = {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "model"}
OBSERVER = {"color": style.VERMILLION, "marker": "s", "linestyle": "--", "label": "ideal denoiser"}
LAW = {"color": style.BLACK, "linestyle": (0, (1, 1.5)), "linewidth": 1.0, "label": "commitment law"}
COLUMNS, MANY = 4, 6  # puzzles side by side: of few, and of more
NOWHERE = "no run ends in a listed answer"
FEW = 4  # cases that a point of the calibration has at least


class Curve(NamedTuple):
    """A pair of measures that are drawn together, by the names that `candidates.table.by_step` gives them."""

    model: str
    observer: str
    words: str


ANSWER = Curve("answer_model", "answer_observer", "weight of the run's answer")
RIGHT = Curve("right_model", "right_observer", "weight of right answers")


class Pictures(NamedTuple):
    """Of the panel: uint8 (steps, frames, H, W, 3) of the model and of the ideal denoiser, and the sigmas (steps,)."""

    panel: Panel
    model: np.ndarray
    ideal: np.ndarray
    sigmas: Sequence[float]


def draw(by_step: pd.DataFrame, by_puzzle: pd.DataFrame, calibration: pd.DataFrame, pictures: Pictures) -> Figure:
    """Figure B1: pictures of one run and the calibration, curves of the puzzles with several right answers and of those
    with one, and the bits of the latter. A kind without a puzzle has no rows."""
    several, single = tasks_of(by_puzzle, "multi"), tasks_of(by_puzzle, "unique")
    kinds = [(tasks, curve) for tasks, curve in ((several, ANSWER), (single, RIGHT)) if tasks]
    groups = alike(pictures.model, pictures.ideal)
    heights = [max(0.5 + PICTURE * len(groups), 2.1)]
    heights += [0.55 + 0.95 * -(-len(tasks) // columns(tasks)) for tasks, _ in kinds] + [1.8] * bool(single)
    figure = plt.figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    parts = list(np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights)))
    beside(parts[0], calibration, pictures, groups)
    for part, letter, (tasks, curve) in zip(parts[1:], "cd", kinds, strict=False):
        curves(part, tasks, by_step, by_puzzle, curve)
        style.panel_letter(part, letter)
    if single:
        axes = parts[-1].subplots(1, 2, width_ratios=[1.4, 1])
        gains(axes[0], single, by_step)
        shares(axes[1], single, by_puzzle)
        style.panel_letter(parts[-1], "cde"[len(kinds)])
    return figure


def columns(tasks: Sequence[str]) -> int:
    """How many puzzles stand side by side."""
    return COLUMNS if len(tasks) <= COLUMNS else MANY


def beside(part, calibration: pd.DataFrame, pictures: Pictures, groups: Sequence[Sequence[int]]) -> None:
    """The pictures of the model, those of the ideal denoiser, and the calibration, side by side."""
    model, ideal, right = part.subfigures(1, 3, width_ratios=[1, 1, 1.7])
    spare = max(0, (2.1 - 0.5) / PICTURE - len(groups))
    for of, words, shown in ((model, "model", pictures.model), (ideal, "ideal denoiser", pictures.ideal)):
        grid(of, pictures.panel, shown, pictures.sigmas, groups, spare=spare)
        of.suptitle(words)
    calibrated(right, calibration)
    style.panel_letter(model, "a")
    style.panel_letter(right, "b")


def calibrated(part, calibration: pd.DataFrame) -> None:
    """Teacher forcing: the model's mean weight on the true answer against the ideal denoiser's, and how many bits it is
    behind, a line for each puzzle."""
    weight, behind = part.subplots(1, 2)
    weight.plot([0, 1], [0, 1], color=style.GREY, linewidth=0.6)
    for task, of_task in style.of_tasks(calibration.task).items():
        look = {**of_task, "linestyle": "-", "label": spoken(task)}
        for axes, quantity in ((weight, "weight"), (behind, "bits_behind")):
            rows = calibration[(calibration.task == task) & (calibration.quantity == quantity)]
            rows = rows[rows.cases >= FEW]
            marks.band(axes, rows["at"], rows["mean"], rows.low, rows.high, **look)
    weight.set(xlabel="weight, ideal denoiser", ylabel="weight, model", xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))
    weight.set_xticks([0, 0.5, 1])
    weight.set_yticks([0, 0.5, 1])
    behind.set(xlabel="step", ylabel="bits behind", ylim=(0, 1.45 * behind.get_ylim()[1]))
    behind.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    behind.legend(loc="upper right", fontsize=6, handlelength=1.5)


def tasks_of(by_step: pd.DataFrame, kind: str) -> list[str]:
    """The puzzles of a kind, in the order of the table."""
    return list(dict.fromkeys(by_step[by_step.kind == kind].task))


def curves(part, tasks: Sequence[str], by_step: pd.DataFrame, by_puzzle: pd.DataFrame, curve: Curve) -> None:
    """One pair of curves for each puzzle, with intervals, and a line at the law's step where it says one."""
    across = columns(tasks)
    grid = part.subplots(-(-len(tasks) // across), across, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, task in zip(grid, tasks, strict=False):
        for measure, look in ((curve.observer, OBSERVER), (curve.model, MODEL)):
            rows = measured(by_step, task, measure)
            marks.band(axes, rows.step, rows["mean"], rows.low, rows.high, **look)
        if rows.empty:
            axes.text(0.5, 0.5, fill(NOWHERE, 18), transform=axes.transAxes, ha="center", va="center")
        law = by_puzzle[(by_puzzle.task == task) & (by_puzzle.measure == "law_step")]
        if curve is ANSWER and len(law):
            axes.axvline(law["mean"].iloc[0], **LAW)
        axes.set(ylim=(-0.04, 1.06), yticks=[0, 0.5, 1])
        title = f"{spoken(task)}, n = {rows.n.max() if len(rows) else 0}"
        axes.set_title(title if across == COLUMNS else title.replace(", ", "\n"), pad=3)
        axes.xaxis.set_major_locator(MaxNLocator(6 if across == COLUMNS else 4, integer=True))
    for axes in grid[len(tasks) :]:
        axes.set_axis_off()
    found = {}
    for axes in grid[: len(tasks)]:
        found |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    part.legend(found.values(), found.keys(), loc="outside lower center", ncols=len(found))
    for axes in grid[max(0, len(tasks) - across) : len(tasks)]:
        axes.set_xlabel("step")
    part.suptitle(curve.words)
    for axes in grid[::across]:
        axes.set_ylabel("weight")


def measured(by_step: pd.DataFrame, task: str, measure: str) -> pd.DataFrame:
    """The rows of a puzzle's measure, by step."""
    return by_step[(by_step.task == task) & (by_step.measure == measure)].sort_values("step")


def gains(axes: Axes, tasks: Sequence[str], by_step: pd.DataFrame) -> None:
    """Bits that the model adds at a step to what the latents hold before it: a thin line for each puzzle, and their
    mean."""
    of_tasks = [measured(by_step, task, "gain") for task in tasks]
    for number, rows in enumerate(of_tasks):
        look = {"color": style.GREY, "linewidth": 0.6, "alpha": 0.7, "label": None if number else "one puzzle"}
        marks.line(axes, rows.step, rows["mean"], linestyle="-", **look)
    mean = pd.concat(of_tasks).groupby("step")["mean"].mean()
    marks.line(axes, mean.index, mean, **{**MODEL, "label": "mean over puzzles"})
    axes.axhline(0, color=style.BLACK, linewidth=0.6)
    axes.set(xlabel="step", ylabel="bits added")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.legend(loc="upper right")


def shares(axes: Axes, tasks: Sequence[str], by_puzzle: pd.DataFrame) -> None:
    """The share of a run's bits that its first forward has, with intervals."""
    measured = by_puzzle[by_puzzle.measure == "first_share"].set_index("task")
    for number, task in enumerate(tasks):
        if task in measured.index:
            row = measured.loc[[task]]
            place, look = [len(tasks) - 1 - number], {"color": style.BLUE, "marker": "o", "linestyle": "none"}
            marks.dots(axes, row["mean"], place, row.low, row.high, across=True, **look)
    axes.set_yticks(range(len(tasks)), [spoken(task) for task in reversed(tasks)], fontsize=6.5)
    axes.axvline(1, color=style.GREY, linewidth=0.6)
    axes.set(xlabel="share of the bits in the first forward", xlim=(-0.05, 1.2))


def value(by_puzzle: pd.DataFrame, task: str, measure: str) -> str | None:
    """A mean with its interval, such as "0.97 [0.95, 0.98]"; None if it was not measured."""
    rows = by_puzzle[(by_puzzle.task == task) & (by_puzzle.measure == measure)]
    return None if rows.empty else "{mean:.2f} [{low:.2f}, {high:.2f}]".format(**rows.iloc[0])


def finding(by_puzzle: pd.DataFrame) -> str:
    """In a sentence: in how many puzzles the model commits later than the ideal denoiser, by intervals that lie apart,
    and the least and most share of the bits that the first forward has."""
    verdicts, said = {}, []
    for task in tasks_of(by_puzzle, "multi"):
        rows = by_puzzle[by_puzzle.task == task].set_index("measure")
        if "commitment_model" in rows.index:
            model, ideal = rows.loc["commitment_model"], rows.loc["commitment_observer"]
            verdicts[spoken(task)] = side(model.low - ideal.high, model.high - ideal.low)
    if verdicts:
        words = {"more": "later", "less": "earlier", "open": "not told apart"}
        said.append(f"commitment to an answer against an ideal denoiser: {shared(verdicts, words, 'puzzle')}")
    single = by_puzzle.task.isin(tasks_of(by_puzzle, "unique"))
    shares = by_puzzle[single & (by_puzzle.measure == "first_share")]["mean"]
    if len(shares):
        said.append(
            f"the first forward has {shares.min():.2f} to {shares.max():.2f} of the bits in "
            f"{plural(len(shares), 'puzzle')} with one right answer"
        )
    return f"{'; '.join(said) or NOWHERE}."


def summary(by_puzzle: pd.DataFrame) -> str:
    """In words: when the model and the ideal denoiser commit, and how many bits the first forward has."""
    lines = []
    for task in tasks_of(by_puzzle, "multi"):
        measures = ("commitment_model", "commitment_observer", "law_step")
        model, ideal, law = (value(by_puzzle, task, measure) for measure in measures)
        said = f"the model commits at step {model}, the ideal denoiser at {ideal}; the law says {law}"
        lines.append(f"{spoken(task)}: {said if model else NOWHERE}.")
    for task in tasks_of(by_puzzle, "unique"):
        share = value(by_puzzle, task, "first_share")
        said = f"{share} of the bits on the right answer are there after the first forward"
        lines.append(f"{spoken(task)}: {said if share else NOWHERE}.")
    return "\n".join(lines) + "\n"


def caption(panel: Panel, by_step: pd.DataFrame, by_puzzle: pd.DataFrame, about: Mapping[str, object]) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText."""
    read = [
        "Weights are read in the latents: those of the mixture of candidate answers nearest to x0_pred (model), and "
        "the posterior of the candidates given the noisy latents (ideal denoiser).",
        f"{listed([panel])}: x0_pred of the model, and what the ideal denoiser estimates from the same latents; steps "
        "that look alike in both are shown once.",
        "(b) The denoiser alone, on latents made from a right answer and new noise: its weight on that answer against "
        "the ideal one's (on the line the two are equal), and how many bits it is behind.",
        "(c) Puzzles with several right answers: the weight of the answer that the run ends with. The ideal denoiser "
        "knows the right answers and only chooses. Dotted: the step at which theory expects half of the runs to have "
        "committed.",
        "(d) Puzzles with one right answer: its weight. The ideal denoiser knows nothing but the latents.",
        "(e) Bits that the model adds at each step to what the latents hold, and the share of a run's bits that its "
        "first forward has.",
    ]
    counted = [
        f"Means over {_cases(by_step)} cases with {about['level']:.0%} bootstrap intervals, seeds averaged within a "
        "case; (e) left: without intervals. The ideal denoiser is the null of a choice; the floor of a weight is 0."
    ]
    return in_parts("Figure B1", str(about["model"]), finding(by_puzzle), read, counted)


def _cases(by_step: pd.DataFrame) -> str:
    return "no" if by_step.empty else f"at least {by_step.n.min()}"
