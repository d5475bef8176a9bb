"""Figure B1: choice or search. Weights on candidate answers by step, of the model and of the ideal denoiser."""

from collections.abc import Mapping, Sequence
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
    """Figure B1: pictures of one run, a row of axes for puzzles with several right answers, one for puzzles with one,
    the bits, and the calibration."""
    several, single = tasks_of(by_step, "multi"), tasks_of(by_step, "unique")
    tall = 0.5 + PICTURE * len(pictures.panel.steps)
    heights = [tall, *(0.55 + 1.1 * -(-len(tasks) // COLUMNS) for tasks in (several, single)), 1.9]
    figure = plt.figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    parts = figure.subfigures(4, 1, height_ratios=heights)
    above = parts[0].subfigures(1, 3, width_ratios=[1.15, 1.15, 1])
    for part, words, shown in zip(above, ("model", "ideal denoiser"), (pictures.model, pictures.ideal), strict=False):
        grid(part, pictures.panel, shown, pictures.sigmas)
        part.suptitle(words)
    style.panel_letter(above[0], "a")
    calibrated(above[2], calibration)
    style.panel_letter(above[2], "b")
    for part, letter, tasks, curve in zip(parts[1:], "cd", (several, single), (ANSWER, RIGHT), strict=False):
        curves(part, tasks, by_step, by_puzzle, curve)
        style.panel_letter(part, letter)
    axes = parts[3].subplots(1, 2, width_ratios=[1.4, 1])
    gains(axes[0], single, by_step)
    shares(axes[1], single, by_puzzle)
    style.panel_letter(parts[3], "e")
    return figure


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
        law = by_puzzle[(by_puzzle.task == task) & (by_puzzle.measure == "law_step")]
        if curve is ANSWER and len(law):
            axes.axvline(law["mean"].iloc[0], **LAW)
        axes.set(title=f"{spoken(task)}, n = {rows.n.iloc[0]}", ylim=(-0.04, 1.06), yticks=[0, 0.5, 1])
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


def value(by_puzzle: pd.DataFrame, task: str, measure: str) -> str:
    """A mean with its interval, such as "0.97 [0.95, 0.98]"."""
    row = by_puzzle[(by_puzzle.task == task) & (by_puzzle.measure == measure)].iloc[0]
    return f"{row['mean']:.2f} [{row.low:.2f}, {row.high:.2f}]"


def summary(by_step: pd.DataFrame, by_puzzle: pd.DataFrame) -> str:
    """In words: when the model and the ideal denoiser commit, and how many bits the first forward has."""
    lines = [
        f"{spoken(task)}: the model commits at step {value(by_puzzle, task, 'commitment_model')}, the ideal denoiser "
        f"at {value(by_puzzle, task, 'commitment_observer')}; the law says {value(by_puzzle, task, 'law_step')}."
        for task in tasks_of(by_step, "multi")
    ]
    lines += [
        f"{spoken(task)}: {value(by_puzzle, task, 'first_share')} of the bits on the right answer are there after the "
        "first forward."
        for task in tasks_of(by_step, "unique")
    ]
    return "\n".join(lines) + "\n"


def caption(panel: Panel, by_step: pd.DataFrame, about: Mapping[str, object]) -> str:
    """The measures in reStructuredText, one paragraph."""
    return (
        f"Figure B1. Choice or search? Model {about['model']}; means over at least {by_step.n.min()} cases with "
        f"{about['level']:.0%} bootstrap intervals, seeds averaged within a case. Weights are read in the "
        "latents: those of the mixture of candidate answers nearest to x0_pred (model), and the posterior of the "
        f"candidates given the noisy latents (ideal denoiser). {listed([panel])}: x0_pred of the model, and what the "
        "ideal denoiser estimates from the same latents. (b) The denoiser alone, on latents made from a right answer "
        "and new noise: its weight on that answer against the ideal one's. "
        "(c) Puzzles with several right answers: the weight "
        "of the answer that the run ends with. The ideal denoiser knows the right answers and only chooses. "
        "Dotted: the step at which theory expects half of the runs to have committed. (d) Puzzles with one right "
        "answer: its weight. The ideal denoiser knows nothing but the latents. (e) Bits that the model adds at "
        "each step to what the latents hold, and the share of a run's bits that its first forward has.\n"
    )
