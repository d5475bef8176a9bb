"""The measures of layers find the layers that were planted."""

import math

import pandas as pd
import pytest
from claim_runs import CASES, INTERVAL, SETTINGS, run

from chainofsteps.claims import UNMEASURED
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
    found = reversed_by_a_swap(pd.DataFrame(rows), 4, "residual", [0], INTERVAL)
    assert (found.n, found.estimate, found.null) == (CASES, 0.75, 0.0)
    assert found.clean == pytest.approx(1 - 1 / CASES)
    wide = pd.DataFrame(rows).assign(width=3)
    assert math.isnan(reversed_by_a_swap(wide, 4, "residual", [0], INTERVAL).estimate)
    other = pd.DataFrame(rows).assign(mode="full")
    assert math.isnan(reversed_by_a_swap(other, 4, "residual", [0], INTERVAL).estimate)
