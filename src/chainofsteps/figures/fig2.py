"""Figures 2, A9 and A10: x0_pred of one run each, beside it the candidate masses over all cases of the puzzle."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..config.panels import Panel
from . import grids, marks, style
from .fig1 import heading, mass_curves


def draw(
    panels: Sequence[Panel],
    pictures: Mapping[str, np.ndarray],
    sigmas: Mapping[str, Sequence[float]],
    runs: pd.DataFrame,
    points: pd.DataFrame,
) -> Figure:
    """pictures: uint8 (steps, frames, H, W, 3) by a panel's name; runs, points: of `figures.masses`."""
    figure, curves, strip = grids.page(panels, pictures, sigmas)
    for panel in panels:
        axes, of_task = curves[panel.name], points[points.task == panel.puzzle]
        mass_curves(axes, of_task)
        run = runs[(runs.task == panel.puzzle) & (runs.case == panel.case) & (runs.seed == panel.seed)]
        marks.line(axes, run.step, run.rival, color=style.GREY, linestyle=":", label="strongest other, run shown")
        grids.over_steps(axes, "mass in $\\hat{x}_0$", heading(of_task))
    grids.legend(strip, curves)
    return figure


def caption(figure: str, panels: Sequence[Panel], runs: pd.DataFrame, points: pd.DataFrame, **of: object) -> str:
    """What was measured; reStructuredText, one paragraph. of: model and level, that of the intervals."""
    kinds = runs.drop_duplicates("task").set_index("task").kind
    over = "; ".join(
        f"{task} ({'several right answers' if kinds[task] == 'multi' else 'one right answer'}), {heading(rows)}"
        for task, rows in points.groupby("task", sort=False)
    )
    return (
        f"{grids.title(figure)}. The clean estimate x0_pred of untouched runs, model {of['model']}: rows = steps, "
        f"columns = frames. {grids.listed(panels)}. The cases and seeds shown were fixed before any was seen. "
        "Beside each: how strongly the last frame of x0_pred supports the answer that a run ends with, and the "
        f"strongest other candidate, mean over cases with {of['level']:.0%} bootstrap intervals (seeds averaged within "
        f"a case): {over}. Grey: the strongest other candidate of the run shown.\n"
    )
