"""Figures of cases whose answers nobody has listed: pictures, and beside them the score by step."""

import numpy as np
import pandas as pd
import pytest

from chainofsteps.config.panels import Panel
from chainofsteps.figures import scored, style
from chainofsteps.statistics import Interval

CASES, SEEDS, STEPS = 3, (1, 2), 4
PANELS = [Panel("fig4", letter, task, "00001", 2, (0, 3), (0, 16)) for letter, task in zip("ab", "xy", strict=True)]


def scores() -> pd.DataFrame:
    """Of task x the score is (step + case) / 10, of y half of it; seed 2 has 0.1 more than seed 1."""
    return pd.DataFrame(
        [
            {"task": task, "case": f"{case:05d}", "seed": seed, "step": step}
            | {"score": part * (step + case) / 10 + (seed - 1) / 10}
            for task, part in (("x", 1.0), ("y", 0.5))
            for case in range(CASES)
            for seed in SEEDS
            for step in range(STEPS)
        ]
    )


def drawn(table: pd.DataFrame):
    points = scored.measured(table, Interval(resamples=200, level=0.95, seed=0))
    pictures = {panel.name: np.zeros((2, 2, 64, 64, 3), np.uint8) for panel in PANELS}
    with style.styled():
        return scored.draw(PANELS, pictures, {panel.name: [1.0, 0.5] for panel in PANELS}, table, points), points


def test_beside_each_panel_is_the_mean_of_its_task_and_the_run_shown():
    figure, points = drawn(scores())
    assert len(points) == 2 * STEPS and set(points.n) == {CASES} and set(points.seeds) == {len(SEEDS)}
    lines = [[line.get_ydata() for line in axes.lines] for axes in figure.axes if axes.get_ylabel() == "score"]
    for part, of_panel in zip((1.0, 0.5), lines, strict=True):
        mean, run = (part * (np.arange(STEPS) + 1) / 10 + more for more in (0.05, 0.1))
        assert any(np.allclose(line, mean) for line in of_panel) and any(np.allclose(line, run) for line in of_panel)
    assert (points.low <= points.estimate).all() and (points.estimate <= points.high).all()
    first, second = scored.summary(points).splitlines()
    assert first.startswith("x, 3 cases, 2 seeds: x0_pred scores 0.15 [") and "and 0.45 [" in first
    assert second.endswith("at step 3.")


def test_cases_without_a_scorer_have_pictures_alone():
    figure, points = drawn(pd.DataFrame(columns=["task", "step"]))
    assert points.empty and not any(axes.axison and axes.lines for axes in figure.axes)
    assert scored.summary(points) == "These cases have no scorer: the pictures are all there is.\n"


@pytest.mark.parametrize("has_scorer", [True, False])
def test_the_caption_says_whether_there_is_a_score(has_scorer):
    words = scored.caption("fig4", PANELS, has_scorer, model="tiny", level=0.95)
    assert ("with 95% bootstrap intervals" in words, "Nothing scores these cases" in words) == (
        has_scorer,
        not has_scorer,
    )
