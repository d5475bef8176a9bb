"""Figures of panels whose cases have no listed answers: the score of x0_pred beside the pictures, or words."""

import numpy as np
import pandas as pd
import pytest

from chainofsteps.config.panels import Panel
from chainofsteps.figures import scored, style
from chainofsteps.statistics import Interval
from tests.figures import legible
from tests.figures.test_fig1 import changing

INTERVAL = Interval(resamples=200, level=0.95, seed=0)
PANELS = [Panel("fig2", letter, task, "00000", 1, (0, 3), (0, 16)) for letter, task in (("a", "rises"), ("b", "stays"))]


def scores(cases=8):
    rows = [
        {"task": task, "case": f"{case:05d}", "seed": 1, "step": step, "score": 0.04 * case + 0.5 * (step > 1) * moves}
        for task, moves in (("rises", True), ("stays", False))
        for case in range(cases)
        for step in range(4)
    ]
    return pd.DataFrame(rows)


def drawn(table, points):
    pictures, sigmas = {panel.name: changing(2) for panel in PANELS}, {panel.name: [1.0, 0.5] for panel in PANELS}
    return scored.draw(PANELS, pictures, sigmas, table, points)


def test_a_curve_stands_beside_what_moves_and_words_beside_what_does_not():
    points = scored.measured(scores(), INTERVAL)
    with style.styled():
        figure = drawn(scores(), points)
        (curve,) = (axes for axes in figure.axes if axes.lines)
        assert curve.lines[0].get_ydata().tolist() == pytest.approx([0.14, 0.14, 0.64, 0.64])
        (told,) = (text.get_text() for axes in figure.axes for text in axes.texts if "Steady" in text.get_text())
        assert told.startswith("Steady; at step 3:\nmean score\n  0.14 [") and told.endswith("(8 cases, 1 seed)")
        legible.check(figure)
    said = "score of the estimate of the clean video at step 3 against step 0: "
    assert scored.finding(points) == f"{said}higher in 1 of 2 tasks (rises), not told apart in 1 (stays)."
    caption = scored.caption("fig2", PANELS, points, model="tiny", level=0.95)
    assert caption.startswith("Figure 2. Model tiny. Score of the estimate") and "rises, 8 cases, 1 seeds" in caption


def test_cases_that_nothing_scores_are_pictures_alone():
    none = pd.DataFrame(columns=scored.POINTS)
    with style.styled():
        figure = drawn(scores()[:0], none)
        assert not any(axes.lines for axes in figure.axes)
        assert "Nothing scores" in " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
        legible.check(figure)
    assert "no scorer" in scored.finding(none)
    assert "Nothing scores these cases." in scored.caption("fig2", PANELS, none, model="tiny", level=0.95)


def test_beside_a_panel_are_the_mean_of_its_task_and_the_run_shown():
    """The score is (step + case) / 10; seed 2 has 0.1 more than seed 1."""
    rows = [
        {"task": "x", "case": f"{case:05d}", "seed": seed, "step": step, "score": (step + case) / 10 + (seed - 1) / 10}
        for case in range(3)
        for seed in (1, 2)
        for step in range(4)
    ]
    panels = [Panel("fig4", "a", "x", "00001", 2, (0, 3), (0, 16))]
    table, sigmas = pd.DataFrame(rows), {panels[0].name: [1.0, 0.5]}
    with style.styled():
        points = scored.measured(table, INTERVAL)
        figure = scored.draw(panels, {panels[0].name: changing(2)}, sigmas, table, points)
    (lines,) = ([line.get_ydata() for line in axes.lines] for axes in figure.axes if axes.lines)
    for more in (0.05, 0.1):
        assert any(len(line) == 4 and np.allclose(line, (np.arange(4) + 1) / 10 + more) for line in lines)
    assert (set(points.n), set(points.seeds)) == ({3}, {2}) and (points.low <= points.estimate).all()
