"""Figures B1 and B2 say and draw what was planted, and say so where no run ends in a listed answer."""

import numpy as np
import pandas as pd
import pytest

from chainofsteps.config.panels import Panel
from chainofsteps.figures import figB1, figB2, style
from chainofsteps.statistics import Interval
from tests.figures import legible

PANEL = Panel("figB1", "a", "loop_maze", "00000", 1, (0, 3), (0, 16))
SHOWN = np.zeros((2, 2, 16, 16, 3), np.uint8)
PICTURES = figB1.Pictures(PANEL, SHOWN, SHOWN, (1.0, 0.5))
INTERVAL = Interval(resamples=200, level=0.95, seed=0)
ABOUT = {"model": "tiny", "level": 0.95}
KINDS = {"loop_maze": "multi", "unique_maze": "unique"}


def by_step() -> pd.DataFrame:
    measures = {"answer_model": 0.6, "answer_observer": 0.4, "right_model": 0.9, "right_observer": 0.3, "gain": 1.5}
    return pd.DataFrame(
        [
            {"task": task, "kind": kind, "step": step, "measure": measure, "n": 7, "seeds": 2}
            | {"mean": value, "low": value - 0.1, "high": value + 0.1}
            for task, kind in KINDS.items()
            for step in range(4)
            for measure, value in measures.items()
        ]
    )


def by_puzzle() -> pd.DataFrame:
    planted = {
        "loop_maze": {"commitment_model": 3.0, "commitment_observer": 2.0, "law_step": 1.0, "reliable": 1.0},
        "unique_maze": {"first_share": 0.75, "reliable": 1.0},
    }
    return pd.DataFrame(
        [
            {"task": task, "kind": KINDS[task], "measure": measure, "n": 7, "seeds": 2}
            | {"mean": value, "low": value - 0.25, "high": value + 0.25}
            for task, measures in planted.items()
            for measure, value in measures.items()
        ]
    )


def calibration(cases: int = 6) -> pd.DataFrame:
    rows = [
        {"task": "loop_maze", "quantity": quantity, "at": at}
        for quantity in ("weight", "bits_behind")
        for at in (0.2, 0.8)
    ]
    return pd.DataFrame(rows).assign(cases=cases, n=12, mean=0.5, low=0.4, high=0.6)


def drawn(figure, title):
    """The axes of that title, and the heights of its lines."""
    (axes,) = (axes for axes in figure.axes if axes.get_title() == title)
    return axes, [set(np.round(line.get_ydata(), 6)) for line in axes.lines]


def test_each_kind_has_its_pair_of_curves():
    with style.styled():
        figure = figB1.draw(by_step(), by_puzzle(), calibration(), PICTURES)
        axes, heights = drawn(figure, "loop maze, n = 7")
        assert {0.4} in heights and {0.6} in heights
        assert [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1] == [1.0]  # the law
        _, heights = drawn(figure, "unique maze, n = 7")
        assert heights == [{0.3}, {0.9}]
        legible.check(figure)
        few = figB1.draw(by_step(), by_puzzle(), calibration(cases=3), PICTURES)
    (behind,) = (axes for axes in few.axes if axes.get_ylabel() == "bits behind")
    assert all(len(line.get_xdata()) == 0 for line in behind.lines)  # of three cases nothing is drawn


def test_the_words_are_those_of_the_numbers():
    several, single = figB1.summary(by_puzzle()).splitlines()
    assert several == (
        "loop maze: the model commits at step 3.00 [2.75, 3.25], the ideal denoiser at 2.00 [1.75, 2.25]; the law says "
        "1.00 [0.75, 1.25]."
    )
    assert single.startswith("unique maze: 0.75 [0.50, 1.00] of the bits")
    caption = figB1.caption(PANEL, by_step(), by_puzzle(), ABOUT)
    assert (
        caption.startswith("Figure B1. Model tiny. Commitment")
        and "at least 7 cases" in caption
        and "model tiny" in caption.lower()
    )


def test_a_model_that_draws_nothing_listed_is_said_to():
    none = by_puzzle()[by_puzzle().measure == "reliable"]
    with style.styled():
        figure = figB1.draw(by_step()[:0], none, calibration(), PICTURES)
        axes, _ = drawn(figure, "loop maze, n = 0")
    assert axes.texts[0].get_text().replace("\n", " ") == figB1.NOWHERE
    assert figB1.summary(none).count(figB1.NOWHERE) == 2
    assert "over no cases" in figB1.caption(PANEL, by_step()[:0], none, ABOUT)


def runs(**change) -> pd.DataFrame:
    rows = [
        {
            "task": "loop_maze",
            "case": f"{case:05d}",
            "seed": seed,
            "distance": 10.0 + case,
            "commitment_observer": 2 + case,
        }
        | {"commitment_model": 4 + case + 2 * (seed == 2), "kind": "multi", "answer_right": True}
        for case in range(3)
        for seed in (1, 2)
    ]
    return pd.DataFrame(rows).assign(**change)


def test_commitment_is_of_runs_that_end_right_where_several_answers_are():
    wrong = runs(answer_right=False, task="tic_tac_toe")
    one = runs(kind="unique", task="unique_maze")
    cases = figB2.cases_of(pd.concat([runs(), wrong, one]))
    assert cases.task.unique().tolist() == ["loop_maze"] and cases.commitment_model.tolist() == [5, 6, 7]
    assert figB2.summary(cases).startswith("3 cases: the model commits +3.0 steps after the ideal denoiser.")
    with style.styled():
        figure = figB2.draw(cases, np.linspace(1, 0.05, 20))
        legible.check(figure)
    dots = [tuple(map(float, dot)) for dot in figure.axes[1].collections[0].get_offsets()]
    assert dots == [(2, 5), (3, 6), (4, 7)]
    assert figB2.summary(cases[:0]) == "No run of a puzzle with several right answers ends in one of them.\n"
    assert "It commits to an answer 3.0 [3.0, 3.0] steps after an ideal denoiser: later (3 cases)." in figB2.caption(
        cases, INTERVAL, ABOUT
    )


@pytest.mark.parametrize("steps", [20, 50])
def test_the_law_is_drawn_at_the_steps_of_the_run(steps):
    sigmas = np.linspace(1, 1 / steps, steps)
    with style.styled():
        figure = figB2.draw(figB2.cases_of(runs()), sigmas)
    (law,) = (line for line in figure.axes[0].lines if line.get_label() == figB1.LAW["label"])
    at = np.interp(law.get_ydata()[0], np.arange(steps), sigmas)
    assert at == pytest.approx(figB2.commitment_sigma(10.0), abs=1e-3)


def test_the_finding_compares_intervals_and_counts_puzzles():
    later = "commitment to an answer against an ideal denoiser: later in 1 of 1 puzzle; "
    share = "the first forward has 0.75 to 0.75 of the bits in 1 puzzle with one right answer."
    assert figB1.finding(by_puzzle()) == later + share
    wide = by_puzzle().assign(low=0.0, high=9.0)
    assert "not told apart in 1 of 1 puzzle" in figB1.finding(wide)
    earlier = figB2.cases_of(runs(commitment_observer=9.0))
    assert figB2.finding(earlier, INTERVAL).endswith("steps after an ideal denoiser: earlier (3 cases).")
    same = figB2.cases_of(runs(commitment_observer=6.0))
    assert "not told apart" in figB2.finding(same, INTERVAL) and "no run" in figB2.finding(same[:0], INTERVAL)
