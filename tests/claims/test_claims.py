"""Verdicts follow from intervals alone; the measures find what was planted."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from chainofsteps.claims import FAILS, HOLDS, OPEN, UNMEASURED, Measured, judge, markdown, verdict
from chainofsteps.claims.exploration import (
    Undisturbed,
    perception_first,
    pruned,
    reference_kept,
    revision,
    several_paths,
    superposed,
)
from chainofsteps.claims.layers import reversed_by_a_swap, specialised
from chainofsteps.claims.noise import peak_of_sensitivity, propagation, step_against_frame
from chainofsteps.claims.sampling import ensemble_gain, loss
from chainofsteps.errors import InputError
from chainofsteps.probes.frames.table import MEAN, by_setting
from chainofsteps.probes.x0_pred.decided import Thresholds
from chainofsteps.statistics import Interval

SCHEMA = yaml.safe_load((Path(__file__).parents[2] / "workflow/schemas/claims.schema.yaml").read_text())
SETTINGS = {name: claim.get("settings") for name, claim in SCHEMA["claims"].items()}
INTERVAL = Interval(resamples=200, level=0.95, seed=0)
CASES, STEPS = 12, 10
THRESHOLDS = Thresholds(live=0.1, held=0.5)


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
    """Noise at step `peak` costs most at the end, and at any other `final`; right after a step the more the earlier."""
    rng, rows = np.random.default_rng(0), []
    for case in range(CASES):
        about = {"kind": "multi", "unit": f"maze/{case}", "seed": 1}
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
    found = peak_of_sensitivity(cka_table(peak=4, final=0.1), INTERVAL)
    assert (found.n, found.seeds, found.estimate, found.low, found.high) == (CASES, 1, 0.4, 0.4, 0.4)
    assert found.null == 0.4
    some = cka_table(peak=4, final=0.1)
    asked = some[some.step.isna() | some.step.isin([2, 4, 8])]  # noise.steps: [2, 4, 8]
    assert peak_of_sensitivity(asked, INTERVAL).estimate == 0.4


def test_propagation_is_relative_to_another_seed():
    found = propagation(
        cka_table(peak=9, final=0.1), SETTINGS["C3"]["early"], INTERVAL
    )  # step 1; step 0 alone would give 1
    assert found.low <= found.estimate <= found.high and found.estimate == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("left", [{"operator": "replace"}, {"kind": "unique"}])
def test_without_the_runs_that_they_are_of_they_are_not_measured(left):
    ((column, value),) = left.items()
    table = cka_table(peak=4, final=0.1)
    table = table[table.operator.isna() | (table.operator == value)] if column == "operator" else table.assign(**left)
    assert peak_of_sensitivity(table, INTERVAL) is UNMEASURED and propagation(table, 0.2, INTERVAL) is UNMEASURED


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
    without = pd.DataFrame(rows).query("operator != 'replace'")
    assert step_against_frame(without, INTERVAL, restored=True) is UNMEASURED


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


def finished(**of_task: float) -> Undisturbed:
    """Score of the last step of each task; of the steps before 0."""
    rows = [
        {"task": task, "step": step, "score": score * (step == STEPS - 1)}
        for task, score in of_task.items()
        for step in range(STEPS)
    ]
    return Undisturbed(pd.DataFrame(rows), INTERVAL)


def test_pruning_counts_live_candidates():
    masses = masses_table({"loop_maze": 3, "unique_maze": 1})
    found = pruned(masses, 0.1, SETTINGS["C4"]["early"], finished(loop_maze=0.75, unique_maze=0.25))
    assert found.clean == 0.75
    assert (found.estimate, found.null, found.n) == (2.0, 0.0, CASES)


def test_superposition_is_the_rivals_highest_mass():
    masses = masses_table({"next_size": 2, "rotation": 1, "unique_maze": 1})
    scores = finished(next_size=0.5, rotation=0.25, unique_maze=1)
    found = superposed(masses, 0.1, **SETTINGS["C5"], of=scores)
    assert (
        found.clean == 0.375
        and superposed(masses[masses.task == "unique_maze"], 0.1, **SETTINGS["C5"], of=scores) is UNMEASURED
    )
    assert found.estimate == pytest.approx(0.25) and found.null == 0.0 and found.n == 2 * CASES


def test_share_of_cases_with_several_paths():
    masses = masses_table({"loop_maze": 2, "grounding": 1, "unique_maze": 1})
    found = several_paths(
        masses, 0.1, SETTINGS["C14"]["live"], "unique_maze", finished(loop_maze=1, grounding=0.5, unique_maze=0)
    )
    assert found.clean == 0.5
    assert found.estimate == pytest.approx(1 / 3) and found.null == 0.0 and found.n == 3 * CASES


def run(case: int, **values) -> dict:
    return {"model": "m", "kind": "unique", "case": f"{case:05d}", "seed": 1, **values}


def test_a_reference_is_kept_at_a_share_of_the_steps_of_the_runs_that_end_with_it():
    rows = []
    for case in range(CASES):
        for step in range(STEPS):
            there = 0.9 if step >= 4 and case else 0.2  # the first case loses it
            for reading, value in (("given", 0.9), ("away", 0.9), ("back", there)):
                rows.append(run(case, task="occlusion", step=step, reading=reading, value=value))
    found = reference_kept(pd.DataFrame(rows), THRESHOLDS, finished(occlusion=0.9, next_size=0.1))
    assert (found.n, found.estimate, found.clean) == (CASES - 1, pytest.approx(0.6), 0.9)
    marks = pd.DataFrame(rows).assign(reading=lambda table: table.reading.map(str.upper))
    assert reference_kept(marks, THRESHOLDS, finished(occlusion=0.9)) is UNMEASURED


def test_revision_is_net_and_of_puzzles_with_one_answer():
    runs = [run(case, task="bounce", net_revision=1 if case < 3 else -1 if case < 5 else 0) for case in range(CASES)]
    runs += [{**run(case, task="loop_maze", net_revision=1), "kind": "multi"} for case in range(CASES)]
    found = revision(pd.DataFrame(runs), finished(bounce=0.8, loop_maze=0.2))
    assert (found.n, found.estimate, found.clean) == (CASES, pytest.approx(1 / CASES), 0.8)
    assert revision(pd.DataFrame(runs[CASES:]), finished(loop_maze=0.2)) is UNMEASURED


def test_perception_is_first_by_steps_of_the_runs_that_end_with_both():
    runs = pd.DataFrame([run(case, task="find_then_move", later=2.0 if case else math.nan) for case in range(CASES)])
    found = perception_first(runs, finished(find_then_move=0.7, bounce=0.1))
    assert (found.n, found.estimate, found.low, found.clean) == (CASES - 1, 2.0, 2.0, 0.7)
    assert perception_first(runs.assign(later=math.nan), finished(find_then_move=0.7)) is UNMEASURED


def test_layers_are_specialised_by_the_gain_of_later_ones():
    rows = [
        run(case, task="grounding", part=part, branch="cond", layer=layer, auc=0.5 + 0.1 * (layer >= 2), null=0.5)
        | ({"auc": 0.9} if part == "given" else {})
        for case in range(CASES)
        for part in ("generated", "given")
        for layer in range(8)
    ]
    found = specialised(pd.DataFrame(rows), 8, SETTINGS["C9"]["first_layers"], INTERVAL)
    assert (found.n, found.estimate, found.null, found.clean) == (CASES, pytest.approx(0.1), 0.0, None)
    assert specialised(pd.DataFrame(rows).assign(branch="uncond"), 8, 0.25, INTERVAL) is UNMEASURED


def test_a_swap_reverses_by_the_middle_layer_at_the_first_step():
    rows = []
    for case in range(CASES):
        about = run(case, task="object_sets", readout="final", steps="0", mode="residual")
        rows.append({**about, "run": "target", "layer": None, "outcome": "target" if case else "other"})
        for layer in range(8):
            for steps in ("0", "0 1"):
                flipped = layer == 4 and steps == "0" and case < 9
                row = {**about, "run": "swap", "layer": layer, "steps": steps}
                rows.append({**row, "outcome": "source" if flipped else "target"})
    found = reversed_by_a_swap(pd.DataFrame(rows), 4, "residual", [0], INTERVAL)
    assert (found.n, found.estimate, found.null) == (CASES, 0.75, 0.0)
    assert found.clean == pytest.approx(1 - 1 / CASES)
    other = pd.DataFrame(rows).assign(mode="full")
    assert math.isnan(reversed_by_a_swap(other, 4, "residual", [0], INTERVAL).estimate)


def test_an_ensemble_gains_over_the_run_it_carries():
    rows = []
    for case in range(CASES):
        about = {"task": "maze", "case": f"{case:05d}", "window": None, "mode": None}
        rows += [{**about, "variant": "single", "seed": seed, "score": score} for seed, score in ((3, 0.5), (1, 0.25))]
        merged = {**about, "variant": "ensemble", "seed": None, "mode": "mean"}
        rows += [{**merged, "window": window, "score": score} for window, score in (("20-29", 0.75), ("0-9", 0.0))]
    found = ensemble_gain(pd.DataFrame(rows), "20-29", "mean", INTERVAL)
    assert (found.n, found.estimate, found.null, found.clean) == (CASES, 0.25, -0.25, 0.5)
    assert math.isnan(ensemble_gain(pd.DataFrame(rows), "30-39", "mean", INTERVAL).estimate)


def test_loss_pairs_cases_averages_seeds_and_weighs_tasks_alike():
    rows = [
        {"task": task, "case": case, "seed": seed, "steps": steps, "score": (steps == 20) * lost + 0.01 * case}
        for task, cases, lost in (("maze", CASES, 0.5), ("shelf", 2, 0.1))
        for case in range(cases)
        for seed in (1, 2)
        for steps in (4, 20)
    ]
    found = loss(pd.DataFrame(rows), "steps", 20, 4, INTERVAL)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.3, 0.3, 0.3))
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
