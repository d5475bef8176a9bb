"""What lives in latents beside what an ideal chooser shows."""

import pandas as pd
import pytest
from claim_runs import INTERVAL, SETTINGS

from chainofsteps.claims import latents
from chainofsteps.claims.exploration import Undisturbed
from chainofsteps.probes.x0_pred.decided import Thresholds

CASES, STEPS = 4, 10
THRESHOLDS = Thresholds(live=0.1, held=0.5)
KINDS = {"loop_maze": "multi", "next_size": "unique", "rotation": "unique", "unique_maze": "unique"}
SCORES = Undisturbed(pd.DataFrame([{"task": t, "step": STEPS - 1, "score": 1.0} for t in KINDS]), INTERVAL)


def weights(model, chooser) -> pd.DataFrame:
    """Weights on answers a (right), b; model and chooser: weight of a by kind of puzzle and step."""
    rows = []
    for task, kind in KINDS.items():
        for case in range(CASES):
            for step in range(STEPS):
                of_a = {"weight": model(kind, step), "observer_right": chooser(kind, step)}
                about = {"model": "m", "task": task, "kind": kind, "case": f"{case:05d}", "seed": 1, "step": step}
                for candidate in "ab":
                    given = {of: value if candidate == "a" else 1 - value for of, value in of_a.items()}
                    right = candidate == "a" or kind == "multi"
                    rows.append({**about, "candidate": candidate, "right": right, **given})
    return pd.DataFrame(rows)


def found(model, chooser):
    table = weights(model, chooser)
    return latents.measured(table, SETTINGS, THRESHOLDS, SCORES)


def chooser(kind: str, step: int) -> float:
    return 0.5 if kind == "multi" and step < 3 else 1.0


def test_a_chooser_shows_what_the_ideal_denoiser_shows():
    of = found(chooser, chooser)
    assert of["C4L"].estimate == of["C4L"].null == 1.0 and of["C4L"].n == CASES
    assert of["C5L"].estimate == of["C5L"].null == 0.0
    assert of["C7L"].estimate == of["C7L"].null == 0.0
    assert of["C14L"].estimate == of["C14L"].null == 0.25


def test_a_model_that_revises_is_told_from_it():
    of = found(lambda kind, step: 0.3 if step < 3 else 1.0, chooser)
    assert of["C5L"].estimate == pytest.approx(0.7) and of["C7L"].estimate == 1.0 and of["C14L"].estimate == 1.0
    assert (of["C5L"].null, of["C7L"].null, of["C14L"].null) == (0.0, 0.0, 0.25)
