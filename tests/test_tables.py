import pandas as pd
import pytest

from chainofsteps.tables import success

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}


def runs(scores, **columns):
    """A row for each case and seed; scores: case -> scores of its seeds."""
    return pd.DataFrame(
        [
            {"task": "shelf", "case": case, "seed": seed, "score": score, "exact": score == 1.0, **columns}
            for case, of_case in scores.items()
            for seed, score in enumerate(of_case)
        ]
    )


def test_cases_are_counted_and_seeds_averaged_within_them():
    table = runs({"0": (1.0, 0.5), "1": (1.0, 1.0), "2": (0.0, 0.0)}, steps=4)
    (row,) = success(table, ["task", "steps"], STATISTICS).to_dict("records")
    assert (row["n"], row["seeds"]) == (3, 2)
    assert row["success"] == pytest.approx((0.5 + 1 + 0) / 3, abs=1e-4)
    assert row["score"] == pytest.approx((0.75 + 1 + 0) / 3, abs=1e-4)
    assert 0 <= row["success_low"] <= row["success"] <= row["success_high"] <= 1
    assert row["success_low"] < row["success_high"]


def test_groups_keep_the_order_of_the_table():
    table = pd.concat([runs({"0": (1.0,), "1": (0.0,)}, steps=steps) for steps in (50, 2)])
    assert success(table, ["steps"], STATISTICS).steps.tolist() == [50, 2]


def test_one_number_of_two_tasks_is_two_cases():
    table = pd.concat([runs({"0": (1.0,)}, steps=2), runs({"0": (0.0,)}, steps=2).assign(task="bounce")])
    assert success(table, ["steps"], STATISTICS).n.tolist() == [2]
