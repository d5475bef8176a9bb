"""Verdicts follow from intervals alone."""

import math

import pytest
from claim_runs import SCHEMA

from chainofsteps.claims import FAILS, HOLDS, OPEN, Measured, judge, markdown, verdict
from chainofsteps.errors import InputError


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
