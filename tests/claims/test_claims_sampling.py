"""The measures of ensembles, fewer steps and fewer frames find the gains and losses that were planted."""

import math

import numpy as np
import pandas as pd
import pytest
from claim_runs import CASES, INTERVAL

from chainofsteps.claims import UNMEASURED
from chainofsteps.claims.sampling import ensemble_gain, loss
from chainofsteps.probes.frames.table import MEAN, by_setting


def test_an_ensemble_gains_over_the_run_it_carries():
    rows = []
    for case in range(CASES):
        about = {"task": "maze", "case": f"{case:05d}", "window": None, "mode": None}
        rows += [{**about, "variant": "single", "seed": seed, "score": score} for seed, score in ((3, 0.5), (1, 0.25))]
        merged = {**about, "variant": "ensemble", "seed": None, "mode": "mean"}
        rows += [{**merged, "window": window, "score": score} for window, score in (("20-29", 0.75), ("0-9", 0.0))]
    found = ensemble_gain(pd.DataFrame(rows), "20-29", "mean", [], INTERVAL)
    assert (found.n, found.estimate, found.null, found.clean) == (CASES, 0.25, -0.25, 0.5)
    assert math.isnan(ensemble_gain(pd.DataFrame(rows), "30-39", "mean", [], INTERVAL).estimate)
    solved = pd.DataFrame(rows).assign(task="shelf", score=1.0)
    both = pd.concat([pd.DataFrame(rows), solved])
    found = ensemble_gain(both, "20-29", "mean", ["maze"], INTERVAL)
    assert (found.n, found.estimate, found.clean) == (CASES, 0.25, 0.5)
    assert (found.earlier.n, found.earlier.estimate, found.earlier.clean) == (2 * CASES, 0.125, 0.75)
    assert ensemble_gain(both, "20-29", "mean", ["next_size"], INTERVAL).n == 2 * CASES


def test_loss_pairs_cases_averages_seeds_and_weighs_tasks_alike():
    rows = [
        {"task": task, "case": case, "seed": seed, "steps": steps, "score": (steps == 20) * lost + 0.01 * case}
        for task, cases, lost in (("maze", CASES, 0.5), ("shelf", 2, 0.1))
        for case in range(cases)
        for seed in (1, 2)
        for steps in (4, 20)
    ]
    found = loss(pd.DataFrame(rows), "steps", 20, 4, INTERVAL)
    assert found.estimate == pytest.approx(0.3)
    assert found.low < 0.2 and found.high > 0.4  # the two cases of one task that agree say little
    assert (found.n, found.seeds, found.clean) == (CASES + 2, 2, pytest.approx((0.555 + 0.105) / 2))
    assert loss(pd.DataFrame(rows), "steps", 4, 4, INTERVAL) is UNMEASURED  # the model's own number
    assert loss(pd.DataFrame(rows), "steps", 20, 8, INTERVAL) is UNMEASURED


def test_the_interval_of_a_loss_is_that_of_figure_8():
    rng = np.random.default_rng(0)
    rows = [
        {"task": task, "case": f"{case:05d}", "seed": 1, "frames": count, "own": count == 17}
        | {"score": rng.random(), "exact": False}
        for task, cases in (("shelf", 9), ("bounce", 4))
        for case in range(cases)
        for count in (5, 17)
    ]
    drawn = by_setting(pd.DataFrame(rows), "frames", {"resamples": 200, "level": 0.95, "seed": 0})
    (point,) = drawn[(drawn.task == MEAN) & (drawn.frames == 5)].to_dict("records")
    found = loss(pd.DataFrame(rows), "frames", 17, 5, INTERVAL)
    in_figure = [-point[f"score_difference{end}"] for end in ("", "_high", "_low")]
    assert [found.estimate, found.low, found.high] == pytest.approx(in_figure, abs=1e-4)
