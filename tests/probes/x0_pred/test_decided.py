import math

import numpy as np
import pandas as pd
import pytest

from chainofsteps.probes.x0_pred import decided
from chainofsteps.probes.x0_pred.decided import RUN, Thresholds

THRESHOLDS = Thresholds(live=0.1, held=0.5)
NAMED = {"model": "m", "task": "t", "kind": "unique"}


def masses(*runs, right="good"):
    """A table of masses from runs, each a list over steps of {candidate: mass}."""
    rows = [
        {**NAMED, "case": f"{index:05d}", "seed": 1, "step": step, "candidate": name, "right": name == right, "mass": m}
        for index, run in enumerate(runs)
        for step, found in enumerate(run)
        for name, m in found.items()
    ]
    return pd.DataFrame(rows)


def frames(*runs, apart=3):
    """A table of frames from runs, each {frame: the answers over steps}; None is one that is not alive."""
    rows = [
        {**NAMED, "case": f"{index:05d}", "seed": 1, "step": step, "frame": frame, "leading": name or "x"}
        | {"mass": 0.9 if name else 0.05, "apart": apart}
        for index, run in enumerate(runs)
        for frame, answers in run.items()
        for step, name in enumerate(answers)
    ]
    return pd.DataFrame(rows)


def readings(**values):
    """A table of readings of one run, each a list over steps."""
    rows = [
        {**NAMED, "case": "00000", "seed": 1, "step": step, "reading": name, "value": value}
        for name, of_steps in values.items()
        for step, value in enumerate(of_steps)
    ]
    return pd.DataFrame(rows)


def test_effective_number_of_equal_masses_is_their_number():
    assert decided.effective_number([0.2] * 4) == pytest.approx(4)
    assert decided.effective_number([0.7, 0.0, 0.0]) == pytest.approx(1)
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert decided.effective_number([0.6, 0.2]) == pytest.approx(math.exp(entropy))
    assert math.isnan(decided.effective_number([0.0, 0.0]))


def test_agreement_counts_pairs_and_is_unbiased():
    assert decided.agreement(["a", "a", "b"]) == pytest.approx(1 / 3)
    assert decided.agreement(["a", "a"]) == 1 and decided.agreement(["a", "b"]) == 0
    assert math.isnan(decided.agreement(["a"]))
    rng = np.random.default_rng(0)
    truth = np.array([0.5, 0.3, 0.2])
    drawn = [decided.agreement(rng.choice(3, size=3, p=truth)) for _ in range(4000)]
    assert np.mean(drawn) == pytest.approx((truth**2).sum(), abs=0.02)  # a plug-in estimate would say 0.59


@pytest.mark.parametrize(("values", "step"), [("aab", 2), ("aba", 2), ("baa", 1), ("aaa", 0), ("a", 0)])
def test_first_stable(values, step):
    assert decided.first_stable(list(values)) == step


def test_steps_of_a_superposition_that_resolves():
    run = [{"good": 0.3, "bad": 0.6}, {"good": 0.5, "bad": 0.4}, {"good": 0.95, "bad": 0.02}]
    steps = decided.by_step(masses(run), THRESHOLDS)
    assert steps.leading.tolist() == ["bad", "good", "good"]
    assert steps.mass.tolist() == [0.6, 0.5, 0.95] and steps.live.tolist() == [2, 2, 1]
    assert steps.final.tolist() == [0, 1, 1] and steps.wrong.tolist() == [True, False, False]
    assert steps.right.tolist() == [False, True, True] and steps.effective.iloc[2] < 1.2
    row = decided.by_run(steps, THRESHOLDS).iloc[0]
    assert (row.answer, row.decided_at, row.at_first) == ("good", 1, 0)
    assert row.multi_path and row.right and row.wrong_to_right and not row.right_to_wrong and row.net_revision == 1


def test_a_leader_below_half_is_no_held_answer_and_two_at_the_end_are_not_pruned():
    run = [{"good": 0.2, "bad": 0.4}, {"good": 0.6, "bad": 0.3}]
    row = decided.by_run(decided.by_step(masses(run), THRESHOLDS), THRESHOLDS).iloc[0]
    assert row.right and not row.wrong_to_right and not row.multi_path


def test_a_right_answer_that_is_lost_is_counted_too():
    lost = [{"good": 0.9, "bad": 0.0}, {"good": 0.1, "bad": 0.8}]
    faded = [{"good": 0.9, "bad": 0.0}, {"good": 0.05, "bad": 0.0}]
    runs = decided.by_run(decided.by_step(masses(lost, faded), THRESHOLDS), THRESHOLDS)
    assert runs.right_to_wrong.tolist() == [True, True] and runs.net_revision.tolist() == [-1, -1]
    assert runs.answer.tolist() == ["bad", decided.NONE] and math.isnan(runs.decided_at[1])


def test_rows_in_any_order_are_the_same_steps():
    table = masses([{"good": 0.3, "bad": 0.6}, {"good": 0.9, "bad": 0.1}], [{"good": 0.9}, {"good": 0.8}])
    shuffled = table.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(decided.by_step(table, THRESHOLDS), decided.by_step(shuffled, THRESHOLDS))


def test_frames_that_change_together_are_told_from_those_that_do_not():
    together = [{4: "a" * s + "b" * (6 - s), 16: "a" * s + "b" * (6 - s)} for s in (1, 2, 3, 4)]
    apart = [{4: "a" * s + "b" * (6 - s), 16: "a" * (5 - s) + "b" * (s + 1)} for s in (1, 2, 3, 4)]
    never = {4: "bbbbbb", 16: "bbbbbb"}
    changes = decided.frame_changes(frames(*together, never), THRESHOLDS)
    assert changes[changes.frame == 4].changed_at.tolist() == [1, 2, 3, 4, 0]
    found = decided.spreads(changes)
    assert len(found) == 4 and found.in_one.all() and (found.spread == 0).all()
    # dealt out anew, two of 1, 2, 3, 4: the same in 1/4 of the deals, 1.25 apart in the mean
    assert found.in_one_null.mean() == pytest.approx(0.25, abs=0.06)
    assert found.spread_null.mean() == pytest.approx(1.25, abs=0.15)
    other = decided.spreads(decided.frame_changes(frames(*apart), THRESHOLDS))
    assert other.spread.tolist() == [3, 1, 1, 3] and not other.in_one.any()


def test_the_null_of_frames_that_change_is_of_frames_that_change():
    """One frame of two is settled from step 0 on: dealt out anew, both would be in some deals, which is no change."""
    halves = [{4: "a" * 3 + "bbb", 16: "bbbbbb"}, {4: "bbbbbb", 16: "a" * 3 + "bbb"}] * 3
    found = decided.spreads(decided.frame_changes(frames(*halves), THRESHOLDS))
    assert not found.in_one.any() and 0.2 < found.in_one_null.mean() < 0.5
    lonely = decided.spreads(decided.frame_changes(frames(halves[0]), THRESHOLDS))
    assert lonely.spread.tolist() == [3] and lonely[["spread_null", "in_one_null"]].isna().all(axis=None)


def test_frames_that_tell_nothing_are_left_out():
    same = decided.frame_changes(frames({4: "aab"}, apart=1), THRESHOLDS)
    faint = decided.frame_changes(frames({4: ["a", "a", None]}), THRESHOLDS)
    assert same.empty and faint.empty
    assert decided.spreads(same).columns.tolist() == [*RUN, *decided.SPREAD]
    assert decided.frame_changes(frames({4: [None, "a", "a"]}), THRESHOLDS).changed_at.tolist() == [1]


def test_a_reference_is_kept_where_it_was_away_in_between():
    table = readings(given=[1, 1, 1], away=[0.2, 0.8, 0.9], back=[0.9, 0.4, 0.9])
    assert decided.reading_steps(table, THRESHOLDS).kept.tolist() == [0, 0, 1]


def test_marks_before_motions():
    moved = [0.6, 0.1, 0.9, 0.9]
    table = readings(marked=[0.2, 0.6, 0.9, 0.9], moved=moved, moved_named=[0, 0.1, 0.3, 0.9])
    row = decided.plan_runs(decided.reading_steps(table, THRESHOLDS), THRESHOLDS).iloc[0]
    assert (row.marked_at, row.moved_at, row.later, row.later_named) == (1, 2, 1, 2)
    assert (row.marked_first, row.together, row.moved_first) == (1, 0, 0)
    never = readings(marked=[0.9, 0.9], moved=[0.9, 0.2], moved_named=[0.9, 0.2])
    row = decided.plan_runs(decided.reading_steps(never, THRESHOLDS), THRESHOLDS).iloc[0]
    assert row.marked_at == 0 and math.isnan(row.moved_at) and math.isnan(row.later) and math.isnan(row.marked_first)


def test_runs_of_puzzles_with_and_without_readings_are_in_one_table():
    tables = {
        "masses": masses([{"good": 0.3, "bad": 0.6}, {"good": 0.9, "bad": 0.0}], [{"good": 0.9}, {"good": 0.9}]),
        "frames": frames({4: "ab", 16: "ab"}, {4: "bb", 16: "bb"}),
        "readings": readings(marked=[0.9, 0.9], moved=[0.1, 0.9], moved_named=[0.1, 0.9]),
    }
    runs = decided.runs_of(tables, THRESHOLDS)
    assert runs.case.tolist() == ["00000", "00001"]
    assert runs.later.iloc[0] == 1 and math.isnan(runs.later.iloc[1])
    assert runs.spread.iloc[0] == 0 and math.isnan(runs.spread.iloc[1])
    without = decided.runs_of({**tables, "readings": tables["readings"].iloc[:0]}, THRESHOLDS)
    assert without.columns.tolist() == runs.columns.tolist() and without.later.isna().all()


def test_a_mass_at_the_threshold_is_not_alive():
    steps = decided.by_step(masses([{"good": 0.1, "bad": 0.05}, {"good": 0.9, "bad": 0.1}]), THRESHOLDS)
    assert steps.live.tolist() == [0, 1] and steps.leading.tolist() == [decided.NONE, "good"]
    assert decided.frame_changes(frames({4: "ab"}).assign(mass=THRESHOLDS.live), THRESHOLDS).empty


def test_a_right_answer_that_only_led_was_not_held_and_is_not_lost():
    led = [{"good": 0.4, "bad": 0.3}, {"good": 0.1, "bad": 0.8}]
    row = decided.by_run(decided.by_step(masses(led), THRESHOLDS), THRESHOLDS).iloc[0]
    assert not row.right_to_wrong and row.net_revision == 0
