"""Verdicts follow from intervals alone; the measures find what was planted."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from chainofsteps.claims import FAILS, HOLDS, OPEN, UNMEASURED, Measured, judge, markdown, verdict
from chainofsteps.claims.exploration import pruned, several_paths, superposed
from chainofsteps.claims.noise import peak_of_sensitivity, propagation, step_against_frame
from chainofsteps.claims.sampling import difference
from chainofsteps.errors import InputError
from chainofsteps.figures.fig3_points import Interval

SCHEMA = yaml.safe_load((Path(__file__).parents[2] / "workflow/schemas/claims.schema.yaml").read_text())
INTERVAL = Interval(resamples=200, level=0.95, seed=0)
CASES, STEPS = 12, 10


@pytest.mark.parametrize(
    ("low", "high", "rule", "expected"),
    [
        (0.1, 0.2, {"above": 0.0}, HOLDS),
        (-0.1, 0.2, {"above": 0.0}, OPEN),
        (0.0, 0.2, {"above": 0.0}, OPEN),
        (-0.2, 0.0, {"above": 0.0}, FAILS),
        (0.4, 0.6, {"between": [0.4, 0.6]}, HOLDS),
        (0.3, 0.5, {"between": [0.4, 0.6]}, OPEN),
        (0.0, 0.3, {"between": [0.4, 0.6]}, FAILS),
        (0.7, 0.8, {"between": [0.4, 0.6]}, FAILS),
        (math.nan, math.nan, {"above": 0.0}, OPEN),
    ],
)
def test_a_verdict_is_read_from_the_interval(low, high, rule, expected):
    assert verdict(low, high, rule) == expected


def test_a_rule_that_is_none_is_refused():
    with pytest.raises(InputError, match="a rule is"):
        verdict(0.1, 0.2, {"below": 1})


def test_every_claim_has_a_rule_and_a_row():
    assert list(SCHEMA["claims"]) == [f"C{number}" for number in range(1, 15)]
    measured = {name: Measured(24, 1, 0.5, 0.45, 0.55, None) for name in SCHEMA["claims"]}
    rows = judge(measured, SCHEMA, "tiny")
    assert [row["verdict"] for row in rows if row["id"] in ("C1", "C2", "C6", "C14")] == [HOLDS, HOLDS, FAILS, FAILS]
    page = markdown(rows, SCHEMA, 0.95)
    assert page.count("**does not hold**") == sum(row["verdict"] == FAILS for row in rows)
    with pytest.raises(InputError, match="C2 was not measured"):
        judge({name: found for name, found in measured.items() if name != "C2"}, SCHEMA, "tiny")


def test_a_model_that_cannot_do_it_decides_nothing():
    measured = {name: Measured(24, 1, 0.9, 0.8, 0.95, clean=0.3) for name in SCHEMA["claims"]}
    assert {row["verdict"] for row in judge(measured, SCHEMA, "tiny")} == {OPEN}
    able = {name: Measured(24, 1, 0.9, 0.8, 0.95, clean=0.5) for name in SCHEMA["claims"]}
    assert judge(able, SCHEMA, "tiny")[0]["verdict"] == HOLDS


def test_what_was_not_measured_has_no_verdict():
    measured = {name: Measured(0, 0, math.nan, math.nan, math.nan) for name in SCHEMA["claims"]}
    rows = judge(measured, SCHEMA, "tiny")
    assert {row["verdict"] for row in rows} == {OPEN} and rows[0]["estimate"] is None
    assert "not measured" in markdown(rows, SCHEMA, 0.95)


def cka_table(peak: int, final: float) -> pd.DataFrame:
    """Noise at step `peak` costs most at all later steps; at the end, noise at any other costs `final`."""
    rng, rows = np.random.default_rng(0), []
    for case in range(CASES):
        about = {"kind": "multi", "unit": f"maze/{case}", "seed": 1}
        for later in range(STEPS):
            rows.append({**about, "run": "reseed", "later_step": later, "dissimilarity": 0.5})
            for step in range(later + 1):
                value = 0.9 if step == peak else final
                noisy = {**about, "run": "noise_at_step", "step": step, "later_step": later}
                for operator in ("replace", "renoise"):
                    value += rng.normal(0, 0.01)
                    rows.append({**noisy, "operator": operator, "dissimilarity": value})
    return pd.DataFrame(rows)


def test_the_peak_is_where_it_was_put():
    found = peak_of_sensitivity(cka_table(peak=4, final=0.1), INTERVAL)
    assert (found.n, found.seeds, found.estimate, found.low, found.high) == (CASES, 1, 0.4, 0.4, 0.4)
    assert found.null == 0.4


def test_propagation_is_relative_to_another_seed():
    found = propagation(cka_table(peak=9, final=0.1), INTERVAL)
    assert found.low <= found.estimate <= found.high and found.estimate == pytest.approx(0.2, abs=0.02)


def test_step_against_frame_takes_inner_frames_of_puzzles_with_several_solutions():
    rows = []
    for case in range(CASES):
        for kind in ("multi", "unique"):
            about = {"kind": kind, "unit": f"{kind}/{case}", "seed": 1, "latent_frames": 5}
            rows.append({**about, "run": "baseline", "score": 1.0})
            for operator, step_score in (("replace", 0.2), ("renoise", 0.9)):
                for step in range(4):
                    score = step_score if kind == "multi" else 1.0
                    rows.append({**about, "run": "noise_at_step", "operator": operator, "step": step, "score": score})
                for frame in range(5):
                    score = 0.0 if frame in (0, 4) else 0.7
                    noisy = {**about, "run": "noise_at_frame", "operator": operator, "frame": frame}
                    rows.append({**noisy, "score": score})
    found = step_against_frame(pd.DataFrame(rows), INTERVAL, restored=True)
    assert found.estimate == pytest.approx(0.8 - 0.3) and found.null == pytest.approx(0.1 - 0.3)
    assert found.n == CASES and found.clean == 1.0


def masses_table(paths: dict[str, int]) -> pd.DataFrame:
    """Runs whose last frame holds `paths[task]` equal candidates at the first two steps and one after."""
    rows = []
    for task, number in paths.items():
        kind = "multi" if task == "loop_maze" else "unique"
        for case in range(CASES):
            for step in range(STEPS):
                alive = number if step < 2 else 1
                for candidate in range(3):
                    mass = 1 / alive if candidate < alive else 0.0
                    row = {"task": task, "kind": kind, "case": f"{case:05d}", "seed": 1, "step": step}
                    rows.append({**row, "candidate": f"c{candidate}", "right": candidate == 0, "mass": mass})
    return pd.DataFrame(rows)


def test_pruning_counts_live_candidates():
    masses = masses_table({"loop_maze": 3, "unique_maze": 1})
    found = pruned(masses, 0.1, INTERVAL)
    assert (found.estimate, found.null, found.n) == (2.0, 0.0, CASES)


def test_superposition_is_the_rivals_highest_mass():
    masses = masses_table({"next_size": 2, "rotation": 1, "unique_maze": 1})
    found = superposed(masses, INTERVAL)
    assert found.estimate == pytest.approx(0.25) and found.null == 0.0 and found.n == 2 * CASES


def test_share_of_cases_with_several_paths():
    masses = masses_table({"loop_maze": 2, "grounding": 1, "unique_maze": 1})
    found = several_paths(masses, 0.1, INTERVAL)
    assert found.estimate == pytest.approx(1 / 3) and found.null == 0.0 and found.n == 3 * CASES


def test_difference_pairs_cases_and_averages_seeds():
    rows = [
        {"task": "maze", "case": case, "seed": seed, "steps": steps, "score": (steps == 20) * 0.5 + 0.01 * case}
        for case in range(CASES)
        for seed in (1, 2)
        for steps in (4, 20)
    ]
    found = difference(pd.DataFrame(rows), "steps", 20, 4, INTERVAL)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5)) and (found.n, found.seeds) == (
        12,
        2,
    )
    assert difference(pd.DataFrame(rows), "steps", 4, 4, INTERVAL) is UNMEASURED  # the model's own number
