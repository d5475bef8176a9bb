import math

import pandas as pd
import pytest

from chainofsteps.probes.x0_pred import decided_tables
from chainofsteps.probes.x0_pred.decided import Thresholds

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
THRESHOLDS = Thresholds(live=0.1, held=0.5)


def runs(answers, **columns):
    """Runs of two seeds of each case: answers is a list of cases, each the answers of its seeds."""
    rows = [
        {"model": "m", "task": "t", "kind": "multi", "case": f"{case:05d}", "seed": seed, "answer": answer}
        for case, of_seeds in enumerate(answers)
        for seed, answer in enumerate(of_seeds)
    ]
    table = pd.DataFrame(rows).assign(**{name: math.nan for name in decided_tables.OF_RUNS})
    return table.assign(**columns)


def test_seeds_are_averaged_within_a_case_and_what_is_not_said_is_left_out():
    table = runs(["aa", "aa", "aa"], later=[1, 3, math.nan, 5, math.nan, math.nan])
    row = decided_tables.measured(table, "later", STATISTICS)
    assert (row["n"], row["runs"], row["seeds"], row["estimate"]) == (2, 3, 2, 3.5)
    assert row["low"] == 2 and row["high"] == 5
    nothing = decided_tables.measured(table, "spread", STATISTICS)
    assert nothing["n"] == 0 and math.isnan(nothing["estimate"])


def test_agreement_and_its_bits():
    found = decided_tables.agreements(runs(["ab", "aa", "bb", "aa"]), STATISTICS)
    by = {row["measure"]: row for row in found}
    assert by["agreement"]["estimate"] == 0.75 and by["agreement_bits"]["estimate"] == pytest.approx(math.log2(4 / 3))
    assert by["agreement_bits"]["low"] == abs(-math.log2(by["agreement"]["high"]))
    always, never = (decided_tables.agreements(runs([pair] * 3), STATISTICS)[1] for pair in ("aa", "ab"))
    assert always["estimate"] == 0 and math.copysign(1, always["estimate"]) == 1 and never["estimate"] == math.inf


def test_runs_without_an_answer_agree_with_nobody():
    (row, _) = decided_tables.agreements(runs([["", ""], ["a", ""], ["a", "a"]]), STATISTICS)
    assert (row["n"], row["estimate"]) == (1, 1.0)
    assert decided_tables.agreements(runs([["", ""]]), STATISTICS)[0]["n"] == 0


def test_puzzles_of_a_kind_are_pooled_by_case():
    many = runs(["aa", "ab", "aa", "aa"], multi_path=[True] * 6 + [False] * 2)
    few = runs(["bb"], multi_path=False).assign(task="u")
    control = runs(["bb"], multi_path=False).assign(task="c", kind="unique")
    table = decided_tables.of_runs(pd.concat([many, few, control]), STATISTICS)
    found = table[table.measure == "multi_path"].set_index(["task", "kind"])
    assert found.estimate.to_dict() == {("t", "multi"): 0.75, ("u", "multi"): 0, ("c", "unique"): 0} | {
        ("all", "multi"): 0.6,
        ("all", "unique"): 0,
    }
    assert found.loc[("all", "multi"), "n"] == 5 and found.loc[("all", "multi"), "runs"] == 10
    assert table.columns.tolist() == decided_tables.COLUMNS and "later" not in set(table.measure)


def test_curves_have_a_row_for_each_step_and_measure():
    common = {"model": "m", "task": "t", "kind": "unique"}
    masses = pd.DataFrame(
        {**common, "case": f"{case:05d}", "seed": 1, "step": step, "candidate": name, "right": name == "a", "mass": m}
        for case in range(3)
        for step, of_step in enumerate([{"a": 0.5, "b": 0.4}, {"a": 0.9, "b": 0.0}])
        for name, m in of_step.items()
    )
    readings = pd.DataFrame(
        {**common, "case": f"{case:05d}", "seed": 1, "step": step, "reading": name, "value": step / 2 + 0.25}
        for case in range(3)
        for step in range(2)
        for name in ("given", "away", "back")
    )
    table = decided_tables.of_steps({"masses": masses, "readings": readings}, THRESHOLDS, STATISTICS)
    found = table.set_index(["measure", "step"]).estimate
    assert found["live"].tolist() == [2, 1] and found["mass"].tolist() == [0.5, 0.9]
    assert found["kept"].tolist() == [0, 1] and found["back"].tolist() == [0.25, 0.75]
    assert table.columns.tolist() == decided_tables.STEP_COLUMNS and "marked" not in set(table.measure)
    none = decided_tables.of_steps({"masses": masses, "readings": readings.iloc[:0]}, THRESHOLDS, STATISTICS)
    assert set(none.measure) == set(decided_tables.OF_STEPS)
