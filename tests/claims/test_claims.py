"""Verdicts follow from intervals alone."""

import math

import pytest
from claim_runs import SCHEMA

from chainofsteps.claims import FAILS, HOLDS, OPEN, Measured, cases_to_decide, decide, judge, verdict
from chainofsteps.claims.page import markdown
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
        (-0.2, -0.1, {"below": 0.0}, HOLDS),
        (-0.1, 0.0, {"below": 0.0}, OPEN),
        (0.0, 0.1, {"below": 0.0}, FAILS),
        (math.nan, math.nan, {"above": 0.0}, OPEN),
    ],
)
def test_a_verdict_is_read_from_the_interval(low, high, rule, expected):
    assert verdict(low, high, rule) == expected


def test_a_rule_that_is_none_is_refused():
    with pytest.raises(InputError, match="a rule is"):
        verdict(0.1, 0.2, {"beside": 1})


def test_every_claim_has_a_rule_and_a_row():
    latents, ours = ["C4L", "C5L", "C7L", "C14L"], ["E1", "E2", "E3", "E4", "E5"]
    assert list(SCHEMA["claims"]) == [*(f"C{number}" for number in range(1, 15)), *latents, *ours]
    measured = {name: Measured(32, 1, 0.5, 0.45, 0.55, None) for name in SCHEMA["claims"]}
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


CLAIM = {"rule": {"above": 0.0}}
FULL = {**CLAIM, "headroom": 0.1}


@pytest.mark.parametrize(
    ("found", "definition", "why"),
    [
        (Measured(7, 1, 0.5, 0.4, 0.6), CLAIM, "n = 7, 8 are needed"),
        (Measured(64, 1, 0.5, 0.4, 0.6, fewest=31), {**CLAIM, "least": 32}, "n = 31, 32 are needed of each puzzle"),
        (
            Measured(9, 1, 0.5, 0.4, 0.6, clean=0.97),
            {**CLAIM, "headroom": 0.1},
            "no headroom: the undisturbed score is 0.97",
        ),
        (Measured(9, 1, 0.5, 0.4, 0.6, clean=0.3), CLAIM, "the undisturbed score is 0.30, 0.5 is needed"),
        (Measured(9, 1, 0.5, math.nan, math.nan), CLAIM, "no interval"),
        (
            Measured(10, 1, 0.1, -0.1, 0.3),
            CLAIM,
            "the interval reaches over the bound; about 40 cases would decide",
        ),
    ],
)
def test_why_nothing_is_decided_is_said(found, definition, why):
    assert decide(found, definition, SCHEMA) == (OPEN, why)


def test_a_claim_that_needs_no_more_is_decided():
    assert decide(Measured(8, 1, 0.5, 0.4, 0.6, clean=0.875), {**CLAIM, "headroom": 0.125}, SCHEMA) == (HOLDS, None)


def test_the_cases_that_would_decide_are_those_of_the_farther_bound():
    assert cases_to_decide(Measured(10, 1, 0.5, 0.25, 0.75), {"between": [0.375, 1]}) == 40
    assert cases_to_decide(Measured(10, 1, 0.5, 0.3, 0.7), {"above": 0.5}) is None
    assert cases_to_decide(Measured(10, 1, 0.5, 0.3, 0.7), {"above": 0.1}) is None


def test_what_was_said_before_a_change_stands_beside_it():
    found = {name: Measured(6, 1, 0.9, 0.8, 0.95) for name in SCHEMA["claims"]}
    rows = {row["id"]: row for row in judge(found, SCHEMA, "tiny")}
    assert (rows["C8"]["verdict"], rows["C8"]["earlier"]["verdict"]) == (OPEN, HOLDS)
    assert rows["C9"]["earlier"] is None and rows["E1"]["added"] == "2026-11-30"
    found["C4"] = Measured(34, 1, 0.4, 0.3, 0.5, earlier=Measured(34, 1, 0.4, -0.1, 0.9))
    page = markdown(judge(found, SCHEMA, "tiny"), SCHEMA, 0.95)
    assert "Before: 0.40 [-0.10, 0.90], not decided by these data. Now: 0.40 [0.30, 0.50], holds." in page
    assert page.count("Holds below 0.05.") == 1 and page.count("Holds between -0.1 and 0.1.") == 1
    assert "**C8** Changed on 2026-11-30." in page and "Before: 0.90 [0.80, 0.95], holds. Now:" in page


@pytest.mark.parametrize(
    ("main", "beside", "expected"),
    [
        ((0.1, 0.2), (0.1, 0.2), HOLDS),
        ((0.1, 0.2), (-0.1, 0.2), OPEN),
        ((0.1, 0.2), (-0.2, -0.1), FAILS),
        ((-0.1, 0.2), (-0.2, -0.1), FAILS),
        ((-0.2, -0.1), (0.1, 0.2), FAILS),
        ((-0.1, 0.2), (0.1, 0.2), OPEN),
    ],
)
def test_a_claim_holds_if_all_beside_it_holds_and_fails_if_one_fails(main, beside, expected):
    found = Measured(9, 1, 0.0, *main, beside={"also": Measured(9, 1, 0.0, *beside)})
    assert decide(found, {**CLAIM, "beside": {"also": "the same elsewhere"}}, SCHEMA)[0] == expected
