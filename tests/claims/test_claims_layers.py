"""The measures of layers find the layers that were planted."""

import math

import pandas as pd
import pytest
from claim_runs import CASES, INTERVAL, SCHEMA, SETTINGS, run

from chainofsteps.claims import UNMEASURED, judge
from chainofsteps.claims.layers import reversed_by_a_swap, specialised


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


def swapped(rows):
    return pd.DataFrame(rows).reindex(columns=[*rows[0], "score_target", "score_source"])


def test_a_swap_reverses_by_the_middle_layer_at_the_first_step():
    rows = []
    for case in range(CASES):
        about = run(case, task="object_sets", readout="final", steps="0", mode="residual", width=1)
        rows.append({**about, "run": "target", "layer": None, "outcome": "target" if case else "other"})
        for layer in range(8):
            for steps in ("0", "0 1"):
                flipped = layer == 4 and steps == "0" and case < 9
                row = {**about, "run": "swap", "layer": layer, "steps": steps}
                rows.append({**row, "outcome": "source" if flipped else "target"})
    rows = swapped(rows)
    found = reversed_by_a_swap(rows, 4, "residual", [0], INTERVAL)
    assert not found.by_scores
    assert (found.n, found.estimate, found.null) == (CASES, 0.75, 0.0)
    assert found.clean == pytest.approx(1 - 1 / CASES)
    wide = rows.assign(width=3)
    assert math.isnan(reversed_by_a_swap(wide, 4, "residual", [0], INTERVAL).estimate)
    other = rows.assign(mode="full")
    assert math.isnan(reversed_by_a_swap(other, 4, "residual", [0], INTERVAL).estimate)


def scored(flips, target=CASES, source=CASES, cases=CASES):
    """Pairs of a benchmark, so many of which flip; of so many the clean runs of each side score as their own."""
    rows = []
    for case in range(cases):
        about = run(case, task="O-39", readout="final", steps="0", score_target=0.5, score_source=0.5)
        swap = {**about, "run": "swap", "mode": "residual", "width": 1, "layer": 4}
        rows.append({**swap, "outcome": "source" if case < flips else "target"})
        rows.append({**about, "run": "target", "outcome": "target" if case < target else "other"})
        rows.append({**about, "run": "source", "outcome": "source" if case < source else "other"})
    return reversed_by_a_swap(pd.DataFrame(rows), 4, "residual", [0], INTERVAL)


def decided(found):
    definition = SCHEMA["claims"]["C10"]
    measured = {name: found if name == "C10" else UNMEASURED for name in SCHEMA["claims"]}
    (row,) = (row for row in judge(measured, SCHEMA, "m") if row["id"] == "C10")
    assert row["statistic"] == definition["by_scores"] != definition["statistic"] and row["earlier"] is None
    return row["verdict"], row["why"]


def test_a_swap_of_cases_with_scores_is_decided_by_the_same_rule_and_says_that_it_read_scores():
    found = scored(flips=CASES)
    assert (found.n, found.estimate, found.null, found.clean, found.by_scores) == (CASES, 1.0, 0.0, 1.0, True)
    assert decided(found) == ("holds", None) and decided(scored(flips=0)) == ("does not hold", None)
    assert decided(scored(flips=2, cases=5)) == ("not decided by these data", "n = 5, 8 are needed")


@pytest.mark.parametrize("side", ["target", "source"])
def test_where_the_clean_runs_of_a_side_do_not_score_as_their_own_nothing_is_decided(side):
    verdict, why = decided(scored(flips=0, **{side: 3}))
    assert verdict == "not decided by these data" and why == "the undisturbed score is 0.25, 0.5 is needed"
