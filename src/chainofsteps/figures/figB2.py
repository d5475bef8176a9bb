"""Figure B2: the step of commitment, of the model and of the ideal denoiser, by the distance of the answers."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..probes.candidates.observer import commitment_sigma
from ..statistics import Interval, bootstrap_mean
from . import style
from .figB1 import LAW, MODEL, OBSERVER
from .grids import spoken
from .words import caption as in_parts
from .words import plural, side, with_interval

CASE = ["task", "case"]


def cases_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Means over the seeds of each case with several right answers that end in one: task, case, distance, both
    commitments."""
    several = runs[(runs.kind == "multi") & runs.answer_right.astype(bool)]
    measures = ["distance", "commitment_model", "commitment_observer"]
    return several.groupby(CASE, sort=False)[measures].mean().reset_index()


def draw(cases: pd.DataFrame, sigmas: np.ndarray) -> Figure:
    """Figure B2: commitment over distance, and the model's over the ideal denoiser's; one dot for each case.

    cases: of `cases_of`. sigmas: (S,), of the steps.
    """
    figure = plt.figure(figsize=(style.WIDTH, 2.7), layout="constrained")
    over_distance, against = figure.subplots(1, 2)
    for column, look in (("commitment_observer", OBSERVER), ("commitment_model", MODEL)):
        dots = {"color": look["color"], "marker": look["marker"], "label": look["label"]}
        over_distance.scatter(cases.distance, cases[column], s=7, alpha=0.5, linewidths=0, **dots)
    law(over_distance, cases, sigmas)
    over_distance.set(xlabel="distance to the nearest other answer (Euclidean, latents)", ylabel="step of commitment")
    looks = style.of_tasks(cases.task)
    for task in sorted(looks):
        rows, dots = cases[cases.task == task], {**looks[task], "label": spoken(task)}
        against.scatter(rows.commitment_observer, rows.commitment_model, s=9, alpha=0.6, linewidths=0, **dots)
    reach = cases.commitment_observer.max() if len(cases) else len(sigmas)
    against.plot([0, reach], [0, reach], color=style.GREY, linewidth=0.8, label="both at one step")
    against.set(xlabel="ideal denoiser commits at step", ylabel="model commits at step")
    for axes, letter in ((over_distance, "a"), (against, "b")):
        axes.set_title(letter, loc="left", fontweight="bold", fontsize=9)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        # beside the dots, which may be anywhere
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, columnspacing=1, handletextpad=0.4)
    against.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure


def law(axes: Axes, cases: pd.DataFrame, sigmas: np.ndarray) -> None:
    """The step by which half of the runs are expected to have committed, over distance."""
    distances = np.linspace(cases.distance.min(), cases.distance.max(), 200)
    steps = np.interp(-commitment_sigma(distances), -sigmas, np.arange(len(sigmas)))
    axes.plot(distances, steps, **LAW)


def finding(cases: pd.DataFrame, interval: Interval) -> str:
    """In a sentence: by how many steps the model commits later, and whether its interval over cases holds 0."""
    if cases.empty:
        return "no run of a puzzle with several right answers ends in one of them."
    later = (cases.commitment_model - cases.commitment_observer).to_numpy()
    value, low, high = bootstrap_mean(later, interval.resamples, interval.level, interval.seed)
    says = {"more": "later", "less": "earlier", "open": "not told apart"}[side(low, high)]
    return (
        f"it commits to an answer {with_interval(value, low, high, 1)} steps after an ideal denoiser: {says} "
        f"({plural(len(cases), 'case')})."
    )


def summary(cases: pd.DataFrame) -> str:
    """In words: how much later the model commits, and how commitment goes with distance."""
    if cases.empty:
        return "No run of a puzzle with several right answers ends in one of them.\n"
    later = (cases.commitment_model - cases.commitment_observer).mean()
    ranks = cases[["distance", "commitment_model", "commitment_observer"]].rank().corr().distance
    return (
        f"{len(cases)} cases: the model commits {later:+.1f} steps after the ideal denoiser. Rank correlation with the "
        f"distance of the answers: {ranks.commitment_model:.2f}, ideal denoiser {ranks.commitment_observer:.2f}.\n"
    )


def caption(cases: pd.DataFrame, interval: Interval, about: Mapping[str, object]) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText."""
    read = [
        "The step from which the run's answer keeps more than 0.9 of the weight; a dot is a case. (a) Over the "
        "distance in latents to the nearest other right answer. Dotted: the law sigma = D / (D + l), by which half of "
        "the runs have committed. (b) The model against the ideal denoiser; on the line both commit at one step."
    ]
    counted = [
        f"{len(cases)} cases of puzzles with several right answers, seeds averaged within a case. The interval of the "
        f"finding is a {interval.level:.0%} bootstrap interval over cases. The ideal denoiser is the null."
    ]
    return in_parts("Figure B2", str(about["model"]), finding(cases, interval), read, counted)
