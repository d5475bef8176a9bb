"""The checkpoint that ships: complete, small, and able. The card's figures are of 64 cases; these are a few of them."""

from pathlib import Path

import pytest

from chainofsteps import puzzles
from chainofsteps.models import check_checkpoint
from chainofsteps.training.skill import load_pipeline, measure

FOLDER = Path(__file__).parents[1] / "models" / "embedded"


def test_folder_is_whole_and_small():
    facts = check_checkpoint(FOLDER)
    assert facts["experts"] == ["high"]
    weights = [entry["bytes"] for name, entry in facts["files"].items() if name.endswith(".safetensors")]
    assert sum(weights) <= 40e6
    assert not [path for path in FOLDER.rglob("*") if path.suffix in (".bin", ".pt", ".ckpt", ".pkl")]


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline(FOLDER)


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_solves_held_out_cases_with_the_stock_pipeline(pipeline, name):
    rows = measure(pipeline, name, range(8))
    assert sum(success for *_, success, _, _ in rows) >= 0.6 * len(rows)
    assert max(static for *_, static, _ in rows) <= 0.3
    assert all(truth == 1.0 for *_, truth in rows)
