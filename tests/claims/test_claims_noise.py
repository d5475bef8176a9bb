"""The measures of noise find the effects that were planted."""

import numpy as np
import pandas as pd
import pytest
from claim_runs import CASES, INTERVAL, SCHEMA, SETTINGS, STEPS

from chainofsteps.claims import FAILS, UNMEASURED, decide
from chainofsteps.claims.noise import half_life, peak_of_sensitivity, propagation, step_against_frame


def cka_table(peak: int, final: float) -> pd.DataFrame:
    """Noise at step `peak` costs most at the end, and at any other `final`; right after a step the more the earlier."""
    rng, rows = np.random.default_rng(0), []
    for case in range(CASES):
        about = {"features": "latents", "kind": "multi", "unit": f"maze/{case}", "seed": 1}
        for later in range(STEPS):
            rows.append({**about, "run": "reseed", "later_step": later, "dissimilarity": 0.5})
            for step in range(later + 1):
                value = 0.9 if step == peak else final
                value = 0.5 if step == 0 else value  # another seed
                value = 0.8 if later < STEPS - 1 and step < peak else value
                noisy = {**about, "run": "noise_at_step", "step": step, "later_step": later}
                for operator in ("replace", "renoise"):
                    value += rng.normal(0, 0.01)
                    rows.append({**noisy, "operator": operator, "dissimilarity": value})
    return pd.DataFrame(rows)


def test_the_peak_is_where_it_was_put():
    ideal = cka_table(peak=2, final=0.1)
    found = peak_of_sensitivity(cka_table(peak=4, final=0.1), ideal, INTERVAL)
    assert (found.n, found.seeds, found.estimate, found.low, found.high) == (CASES, 1, 0.4, 0.4, 0.4)
    assert (found.null, found.earlier.estimate, found.earlier.null) == (0.2, 0.4, 0.4)
    some = cka_table(peak=4, final=0.1)
    asked = some[some.step.isna() | some.step.isin([2, 4, 8])]  # noise.steps: [2, 4, 8]
    assert peak_of_sensitivity(asked, ideal, INTERVAL).estimate == 0.4


def test_what_noise_does_to_an_ideal_denoiser_is_no_sensitivity_of_the_model():
    falling, rng = cka_table(peak=1, final=0.1), np.random.default_rng(1)
    falling.loc[falling.step.notna(), "dissimilarity"] = 1 - falling.step / STEPS  # as renoise does to any denoiser
    model = falling.assign(dissimilarity=falling.dissimilarity + 0.2 * (falling.step == 5) + rng.normal(0, 0.01))
    found = peak_of_sensitivity(model, falling, INTERVAL)
    assert (found.estimate, found.null, found.earlier.estimate) == (0.5, 0.1, 0.1)


def answers(same: int) -> pd.DataFrame:
    """Answers of seed 1 and of the null 2, which are the same in so many of the cases."""
    return pd.DataFrame(
        [
            {"task": "maze", "case": str(case), "seed": seed, "answer": "b" if seed == 2 and case >= same else "a"}
            for case in range(CASES)
            for seed in (1, 2)
        ]
    )


def test_propagation_has_a_half_life_of_the_cases_that_take_another_route():
    table = cka_table(peak=9, final=0.1)
    noisy = table.step.notna()
    table.loc[noisy, "dissimilarity"] = np.where(table.step[noisy] < 4, 0.4, 0.1)  # of the 0.5 of another seed
    found = propagation(table, answers(same=3), 2, SETTINGS["C3"]["early"], INTERVAL)
    assert (found.n, found.estimate, found.low, found.high) == (CASES - 3, 0.4, 0.4, 0.4)
    assert (found.earlier.n, found.earlier.estimate) == (CASES, pytest.approx(0.8))
    assert propagation(table, answers(same=CASES), 2, 0.2, INTERVAL).n == 0


def test_the_half_life_is_the_end_of_the_last_step_above_a_half():
    assert half_life(np.array([0.9, 0.4, 0.5, 0.1]), np.array([1, 2, 3, 4])) == 4
    assert half_life(np.array([0.1, 0.2]), np.array([1, 2])) == 1


@pytest.mark.parametrize("left", [{"operator": "replace"}, {"kind": "unique"}])
def test_without_the_runs_that_they_are_of_they_are_not_measured(left):
    ((column, value),) = left.items()
    table = cka_table(peak=4, final=0.1)
    table = table[table.operator.isna() | (table.operator == value)] if column == "operator" else table.assign(**left)
    assert peak_of_sensitivity(table, table, INTERVAL).n == 0
    assert propagation(table, answers(same=0), 2, 0.2, INTERVAL) is UNMEASURED


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
    clips = pd.DataFrame(rows).assign(score=lambda table: 0.5 + table.score / 2)  # half of what the score loses
    found = step_against_frame(pd.DataFrame(rows), clips, INTERVAL, restored=True, noisy=[0, 1])
    assert found.beside["scored"].estimate == pytest.approx(0.8 - (3 * 0.3 + 1) / 4)
    assert found.beside["clip"].estimate == pytest.approx(found.beside["scored"].estimate / 2)
    assert found.estimate == pytest.approx(0.8 - 0.3) and found.null == pytest.approx(0.1 - 0.3)
    assert found.n == CASES and found.clean == 1.0
    without = pd.DataFrame(rows).query("operator != 'replace'")
    assert step_against_frame(without, without, INTERVAL, restored=True, noisy=[]) is UNMEASURED


def test_the_steps_of_high_sigma_are_asked_alone():
    rows = []
    for case in range(CASES):
        about = {"features": "latents", "kind": "multi", "unit": f"multi/{case}", "seed": 1, "latent_frames": 5}
        rows.append({**about, "run": "baseline", "score": 1.0})
        rows.append({**about, "run": "reseed", "seed": 2, "score": 0.5})
        for step in range(4):
            noisy = {**about, "run": "noise_at_step", "operator": "replace", "step": step}
            rows.append(
                {**noisy, "score": 0.9 + case / 1e4 if step < 3 else 0.0}
            )  # the last step makes all of the loss
        for frame in range(1, 5):
            noisy = {**about, "run": "noise_at_frame", "operator": "replace", "frame": frame}
            rows.append({**noisy, "score": 0.8})
    found = step_against_frame(pd.DataFrame(rows), pd.DataFrame(rows), INTERVAL, restored=True, noisy=[0, 1, 2])
    assert found.estimate == pytest.approx(0.325 - 0.2, abs=1e-3) and found.seeds == 1
    assert found.beside["noisy"].estimate == pytest.approx(0.1 - 0.2, abs=1e-3)
    assert decide(found, SCHEMA["claims"]["C1"], SCHEMA) == (
        FAILS,
        "with the scored latent frame among the frames, and noise at steps of sigma above .5 alone: does not hold",
    )


def test_the_window_of_the_earlier_verdict_ends_before_its_part_of_the_steps():
    table = cka_table(peak=9, final=0.1)
    table.loc[table.step == 2, "dissimilarity"] = 0.9  # of ten steps the first fifth is steps 0 and 1
    found = propagation(table, answers(same=0), 2, 0.2, INTERVAL)
    assert found.earlier.estimate == pytest.approx(0.2, abs=0.02)
