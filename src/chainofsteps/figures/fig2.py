"""Figures 2, A9 and A10: x0_pred of one run each, beside it the candidate masses over all cases of the puzzle."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..config.panels import Panel
from . import grids, marks
from .fig1 import (
    SHOWN,
    by_words,
    counted_words,
    finding,
    heading,
    mass_curves,
    of_panel,
    read_words,
    second_answer,
)
from .words import caption as in_parts
from .words import listed

KINDS = ("multi", "unique")


def draw(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    runs: pd.DataFrame,
    points: pd.DataFrame,
    live: float,
) -> Figure:
    """pictures: uint8 (steps, frames, H, W, 3) by a panel's name; runs, points: of `figures.masses`. live: the mass
    from which on a second answer is there."""
    curves_of = {panel.name: by_words(points[points.task == panel.puzzle]) for panel in panels}
    counted = {panel.name: heading(points[points.task == panel.puzzle]) for panel in panels}
    told = {name: grids.tell(counted[name], of) for name, of in curves_of.items() if grids.unmoved(of)}
    framed = {panel.name: second_answer(panel, runs, live) for panel in panels}
    figure, curves, strip = grids.page(panels, pictures, sigmas, told, framed)
    for panel in panels:
        axes, of_task = curves[panel.name], points[points.task == panel.puzzle]
        if panel.name in told:
            continue
        mass_curves(axes, of_task)
        run = of_panel(panel, runs)
        marks.line(axes, run.step, run.rival, **SHOWN[0], label="strongest other, shown case")
        grids.over_steps(axes, "mass in $\\hat{x}_0$", counted[panel.name])
    grids.legend(strip, curves)
    return figure


def caption(
    figure: str, panels: Sequence[Panel], runs: pd.DataFrame, points: pd.DataFrame, *, live: float, **of: Any
) -> str:
    """The finding, how to read it, what it is counted over; reStructuredText. of: model, level."""
    kinds = runs.drop_duplicates("task").set_index("task").kind
    several, one = (listed(task for task in dict.fromkeys(points.task) if kinds[task] == kind) for kind in KINDS)
    kinds_words = [f"Several right answers: {several}." * bool(several), f"One right answer: {one}." * bool(one)]
    shown = grids.shown_words(panels)
    return in_parts(
        grids.title(figure),
        of["model"],
        finding(points, live),
        [shown, grids.ALIKE, read_words(live)],
        [*kinds_words, counted_words(points, of["level"])],
    )
