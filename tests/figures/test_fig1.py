import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from chainofsteps.config.panels import Panel
from chainofsteps.figures import fig1, style
from chainofsteps.probes.x0_pred import masses
from chainofsteps.statistics import Interval
from tests.figures import legible

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


def changing(rows, frames=2):
    """Pictures of which no row looks like another."""
    return np.stack([np.full((frames, 64, 64, 3), 255 * row // rows, np.uint8) for row in range(rows)])


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
    words = fig1.summary(
        *(lambda found: (found, masses.curves(found, INTERVAL)))(masses.chosen_and_rival(runs, LIVE)), LIVE
    )
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
    pictures = {panel.name: changing(3) for panel in panels}
    sigmas = {panel.name: [1.0, 0.9, 0.5] for panel in panels}
    runs = masses.chosen_and_rival(pd.concat([table(), table(gone_at=9, task="unique_maze")]), LIVE)
    points = masses.curves(runs, INTERVAL)
    words = fig1.summary(runs, points, LIVE)
    assert "loop maze, 4 cases, 2 seeds: at step 0 the strongest answer other than the run's own has mass 0.50" in words
    assert "below 0.1 from step 2 on" in words and "unique maze" in words and "does not stay below 0.1" in words
    with style.styled():
        figure = fig1.draw(panels, pictures, sigmas, runs, points, LIVE)
        images = [axes for axes in figure.axes if axes.images]
        assert len(images) == 2 * 3 * 2
        marked = [axes.spines["left"].get_edgecolor() == to_rgba(style.VERMILLION) for axes in images]
        assert marked == [False, True, False, False, False, False] * 2, "the last frame of step 0, in which both are"
        assert [text.get_text() for text in figure.axes[-1].get_legend().get_texts()][:2] == [
            "final answer",
            "strongest other",
        ]
        legible.check(figure)
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png", title="t", subject="s")
    caption = fig1.caption(panels, points, model="tiny", level=0.95, live=LIVE)
    assert caption.startswith(
        "Figure 1. Model tiny. A second answer in the estimate of the clean video at step 0: there in 2 of 2 puzzles."
    )
    assert "4 cases, 2 seeds" in caption and "95%" in caption and "(b) loop_maze, case 00000, seed 2" in caption


def test_the_finding_goes_with_the_interval_of_the_strongest_other():
    both = pd.concat([table(), table(gone_at=0, task="unique_maze")])
    points = masses.curves(masses.chosen_and_rival(both, LIVE), INTERVAL)
    words = fig1.finding(points, LIVE)
    assert words.endswith("at step 0: there in 1 of 2 puzzles (loop maze), not there in 1 (unique maze).")
    wide = points.assign(low=0.0, high=1.0)
    assert fig1.finding(wide, LIVE).endswith("not decided in 2 of 2 puzzles.")


def test_curves_that_do_not_move_are_told():
    panels = [Panel("fig1", "a", "loop_maze", "00000", 1, (0, 2, 4), (0, 16))]
    runs = masses.chosen_and_rival(pd.concat([table(), table(gone_at=0, task="unique_maze")]), LIVE)
    with style.styled():
        pictures = {"fig1a": np.zeros((3, 2, 64, 64, 3), np.uint8)}
        figure = fig1.draw(panels, pictures, {"fig1a": [1.0, 0.9, 0.5]}, runs, masses.curves(runs, INTERVAL), LIVE)
        assert sum(bool(axes.lines) for axes in figure.axes) == 1
        (told,) = [
            text.get_text() for axes in figure.axes for text in axes.texts if "Steady; at step 4:" in text.get_text()
        ]
        assert told.splitlines()[1:3] == ["final answer", "  1.00 [1.00, 1.00]"]
        assert len([axes for axes in figure.axes if axes.images]) == 2, "three rows that look alike are one"
        legible.check(figure)
