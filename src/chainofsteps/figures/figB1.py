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
from .grids import PICTURE, grid, listed, spoken

MODEL = {"color": style.BLUE, "marker": "o", "linestyle": "-", "label": "model"}
OBSERVER = {"color": style.VERMILLION, "marker": "s", "linestyle": "--", "label": "ideal denoiser"}
LAW = {"color": style.BLACK, "linestyle": (0, (1, 1.5)), "linewidth": 1.0, "label": "commitment law"}
COLUMNS = 4
NOWHERE = "no run ends in a listed answer"
LINES = ["-", "--"]  # of as many puzzles as there are colours, and of the others
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
    heights = [0.5 + PICTURE * len(pictures.panel.steps)]
    heights += [0.55 + 1.1 * -(-len(tasks) // COLUMNS) for tasks, _ in kinds] + [1.9] * bool(single)
    figure = plt.figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    parts = list(np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights)))
    beside(parts[0], calibration, pictures)
    for part, letter, (tasks, curve) in zip(parts[1:], "cd", kinds, strict=False):
        curves(part, tasks, by_step, by_puzzle, curve)
        style.panel_letter(part, letter)
    if single:
        axes = parts[-1].subplots(1, 2, width_ratios=[1.4, 1])
        gains(axes[0], single, by_step)
        shares(axes[1], single, by_puzzle)
        style.panel_letter(parts[-1], "cde"[len(kinds)])
    return figure


def beside(part, calibration: pd.DataFrame, pictures: Pictures) -> None:
    """The pictures of the model, those of the ideal denoiser, and the calibration, side by side."""
    model, ideal, right = part.subfigures(1, 3, width_ratios=[1.15, 1.15, 1])
    for of, words, shown in ((model, "model", pictures.model), (ideal, "ideal denoiser", pictures.ideal)):
        grid(of, pictures.panel, shown, pictures.sigmas)
        of.suptitle(words)
    calibrated(right, calibration)
    style.panel_letter(model, "a")
    style.panel_letter(right, "b")


def calibrated(part, calibration: pd.DataFrame) -> None:
    """Teacher forcing: the model's mean weight on the true answer against the ideal denoiser's, and how many bits it is
    behind, a line for each puzzle."""
    weight, behind = part.subplots(2, 1)
    weight.plot([0, 1], [0, 1], color=style.GREY, linewidth=0.6)
    for number, task in enumerate(dict.fromkeys(calibration.task)):
        look = {"color": style.PALETTE[number % len(style.PALETTE)], "marker": "o", "label": spoken(task)}
        for axes, quantity in ((weight, "weight"), (behind, "bits_behind")):
            rows = calibration[(calibration.task == task) & (calibration.quantity == quantity)]
            rows = rows[rows.cases >= FEW]
            marks.band(axes, rows["at"], rows["mean"], rows.low, rows.high, **look)
    weight.set(xlabel="weight, ideal denoiser", ylabel="weight, model", xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))
    weight.set_xticks([0, 0.5, 1])
    weight.set_yticks([0, 0.5, 1])
    behind.set(xlabel="step", ylabel="bits behind", ylim=(0, None))
    behind.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    weight.legend(loc="lower right", fontsize=5.5)


def tasks_of(by_step: pd.DataFrame, kind: str) -> list[str]:
    """The puzzles of a kind, in the order of the table."""
    return list(dict.fromkeys(by_step[by_step.kind == kind].task))


def curves(part, tasks: Sequence[str], by_step: pd.DataFrame, by_puzzle: pd.DataFrame, curve: Curve) -> None:
    """One pair of curves for each puzzle, with intervals, and a line at the law's step where it says one."""
    grid = part.subplots(-(-len(tasks) // COLUMNS), COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, task in zip(grid, tasks, strict=False):
        for measure, look in ((curve.observer, OBSERVER), (curve.model, MODEL)):
            rows = measured(by_step, task, measure)
            marks.band(axes, rows.step, rows["mean"], rows.low, rows.high, **look)
        if rows.empty:
            axes.text(0.5, 0.5, fill(NOWHERE, 18), transform=axes.transAxes, ha="center", va="center")
        law = by_puzzle[(by_puzzle.task == task) & (by_puzzle.measure == "law_step")]
        if curve is ANSWER and len(law):
            axes.axvline(law["mean"].iloc[0], **LAW)
        axes.set(
            title=f"{spoken(task)}, n = {rows.n.max() if len(rows) else 0}", ylim=(-0.04, 1.06), yticks=[0, 0.5, 1]
        )
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    for axes in grid[len(tasks) :]:
        axes.set_axis_off()
    grid[len(tasks) - 1].legend(loc="lower right")
    part.supxlabel("step", fontsize=7.5)
    part.suptitle(curve.words)
    for axes in grid[::COLUMNS]:
        axes.set_ylabel("weight")


def measured(by_step: pd.DataFrame, task: str, measure: str) -> pd.DataFrame:
    """The rows of a puzzle's measure, by step."""
    return by_step[(by_step.task == task) & (by_step.measure == measure)].sort_values("step")


def gains(axes: Axes, tasks: Sequence[str], by_step: pd.DataFrame) -> None:
    """Bits that the model adds at a step to what the latents hold before it, one line for each puzzle."""
    for number, task in enumerate(tasks):
        rows = measured(by_step, task, "gain")
        marks.line(axes, rows.step, rows["mean"], linestyle=LINES[number // len(style.PALETTE)], color=colour(number))
    axes.axhline(0, color=style.GREY, linewidth=0.6)
    axes.set(xlabel="step", ylabel="bits added")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def shares(axes: Axes, tasks: Sequence[str], by_puzzle: pd.DataFrame) -> None:
    """The share of a run's bits that its first forward has, with intervals; marks have the colours of the lines."""
    measured = by_puzzle[by_puzzle.measure == "first_share"].set_index("task")
    for number, task in enumerate(tasks):
        if task in measured.index:
            row = measured.loc[[task]]
            face = colour(number) if number < len(style.PALETTE) else "white"
            look = {"color": colour(number), "marker": "o", "markerfacecolor": face, "markeredgecolor": colour(number)}
            place = [len(tasks) - 1 - number]
            marks.dots(axes, row["mean"], place, row.low, row.high, across=True, linestyle="none", **look)
    axes.set_yticks(range(len(tasks)), [spoken(task) for task in reversed(tasks)])
    axes.axvline(1, color=style.GREY, linewidth=0.6)
    axes.set(xlabel="share of the bits in the first forward", xlim=(-0.05, 1.2))


def colour(number: int) -> str:
    """The colour of the puzzle of that number."""
    return style.PALETTE[number % len(style.PALETTE)]


def value(by_puzzle: pd.DataFrame, task: str, measure: str) -> str | None:
    """A mean with its interval, such as "0.97 [0.95, 0.98]"; None if it was not measured."""
    rows = by_puzzle[(by_puzzle.task == task) & (by_puzzle.measure == measure)]
    return None if rows.empty else "{mean:.2f} [{low:.2f}, {high:.2f}]".format(**rows.iloc[0])


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


def caption(panel: Panel, by_step: pd.DataFrame, about: Mapping[str, object]) -> str:
    """The measures in reStructuredText, one paragraph."""
    return (
        f"Figure B1. Choice or search? Model {about['model']}; means over {_cases(by_step)} cases with "
        f"{about['level']:.0%} bootstrap intervals, seeds averaged within a case. Weights are read in the "
        "latents: those of the mixture of candidate answers nearest to x0_pred (model), and the posterior of the "
        f"candidates given the noisy latents (ideal denoiser). {listed([panel])}: x0_pred of the model, and what the "
        "ideal denoiser estimates from the same latents. (b) The denoiser alone, on latents made from a right answer "
        "and new noise: its weight on that answer against the ideal one's, and how many bits it is behind. "
        "(c) Puzzles with several right answers: the weight "
        "of the answer that the run ends with. The ideal denoiser knows the right answers and only chooses. "
        "Dotted: the step at which theory expects half of the runs to have committed. (d) Puzzles with one right "
        "answer: its weight. The ideal denoiser knows nothing but the latents. (e) Bits that the model adds at "
        "each step to what the latents hold, and the share of a run's bits that its first forward has.\n"
    )


def _cases(by_step: pd.DataFrame) -> str:
    return "no" if by_step.empty else f"at least {by_step.n.min()}"
