"""What the tests of the claims share: the schema's settings, an interval, and a run's columns."""

from pathlib import Path

import yaml

from chainofsteps.statistics import Interval

SCHEMA = yaml.safe_load((Path(__file__).parents[1] / "workflow/schemas/claims.schema.yaml").read_text())
SETTINGS = {name: claim.get("settings") for name, claim in SCHEMA["claims"].items()}
INTERVAL = Interval(resamples=200, level=0.95, seed=0)
CASES, STEPS = 12, 10


def run(case: int, **values) -> dict:
    return {"model": "m", "kind": "unique", "case": f"{case:05d}", "seed": 1, **values}
