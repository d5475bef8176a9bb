import numpy as np
import pandas as pd
import pytest

from chainofsteps.config.panels import Panel
from chainofsteps.figures import fig1, style
from chainofsteps.probes.x0_pred import masses
from chainofsteps.statistics import Interval

INTERVAL = Interval(resamples=200, level=0.95, seed=0)
STEPS, LIVE = 5, 0.1


def table(gone_at=2, cases=4, seeds=(1, 2), task="loop_maze"):
    """Two routes, half each until `gone_at`; which one wins alternates. A third candidate is never alive."""
    rows = []
    for case in range(cases):
        for seed in seeds:
            winner = (case + seed) % 2
            for step in range(STEPS):
                alive = 0.5 if step < gone_at else 0.0
                values = {f"route {winner}": 1 - alive, f"route {1 - winner}": alive, "wall": 0.0}
                for name, mass in values.items():
                    rows.append((task, "multi", f"{case:05d}", seed, step, name, name != "wall", mass))
    return pd.DataFrame(rows, columns=["task", "kind", "case", "seed", "step", "candidate", "right", "mass"])


def test_chosen_is_what_the_run_ends_with_and_rival_the_strongest_other():
    runs = masses.chosen_and_rival(table(), LIVE)
    assert len(runs) == 4 * 2 * STEPS and runs.right.all()
    assert np.allclose(runs[runs.step < 2][["chosen", "rival"]], 0.5)
    assert np.allclose(runs[runs.step >= 2][["chosen", "rival"]], [1.0, 0.0])


def test_a_run_that_ends_wrong_is_not_right():
    wrong = table(cases=1, seeds=(1,))
    wrong.loc[(wrong.step == STEPS - 1) & (wrong.candidate == "wall"), "mass"] = 2.0
    runs = masses.chosen_and_rival(wrong, LIVE)
    assert not runs.right.any() and (runs.chosen.iloc[:-1] == 0).all()


def test_a_run_that_draws_nothing_is_not_right():
    runs = masses.chosen_and_rival(table().assign(mass=0.0), LIVE)
    assert not runs.right.any()


def test_an_answer_that_comes_back_is_not_gone():
    runs = table(gone_at=0)
    runs.loc[(runs.step == 3) & (runs.mass == 0) & runs.right, "mass"] = 0.6
    words = fig1.summary(*(lambda found: (found, masses.curves(found, INTERVAL)))(masses.chosen_and_rival(runs, LIVE)))
    assert "below 0.1 from step 4 on" in words


def test_curves_count_cases_and_seeds_apart():
    points = masses.curves(masses.chosen_and_rival(table(), LIVE), INTERVAL)
    assert set(points.cases) == {4} and set(points.seeds) == {2}
    rival = points[points.quantity == "rival"].set_index("step")
    assert rival.mass.tolist() == pytest.approx([0.5, 0.5, 0, 0, 0])
    assert (rival.low <= rival.mass).all() and (rival.mass <= rival.high).all()


def test_figure_and_summary_say_when_the_other_is_gone(tmp_path):
    panels = [
        Panel("fig1", letter, "loop_maze", "00000", seed, (0, 2, 4), (0, 16)) for letter, seed in (("a", 1), ("b", 2))
    ]
    pictures = {panel.name: np.zeros((3, 2, 64, 64, 3), np.uint8) for panel in panels}
    sigmas = {panel.name: [1.0, 0.9, 0.5] for panel in panels}
    runs = masses.chosen_and_rival(pd.concat([table(), table(gone_at=9, task="unique_maze")]), LIVE)
    points = masses.curves(runs, INTERVAL)
    words = fig1.summary(runs, points)
    assert "loop maze, 4 cases, 2 seeds: at step 0 the strongest answer other than the run's own has mass 0.50" in words
    assert "below 0.1 from step 2 on" in words and "unique maze" in words and "does not stay below 0.1" in words
    with style.styled():
        figure = fig1.draw(panels, pictures, sigmas, runs, points)
        images = [axes for axes in figure.axes if axes.images]
        assert len(images) == 2 * 3 * 2
        assert [text.get_text() for text in figure.axes[-1].get_legend().get_texts()][:2] == [
            "answer of the end",
            "strongest other",
        ]
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    caption = fig1.caption(panels, points, "tiny", 0.95)
    assert "4 cases, 2 seeds" in caption and "95%" in caption and "(b) loop_maze, case 00000, seed 2" in caption
