"""The checkpoint that ships: complete, small, and able."""

from pathlib import Path

import pandas as pd
import pytest

from chainofsteps import puzzles
from chainofsteps.models import check_checkpoint
from chainofsteps.training.skill import COLUMNS, load_pipeline, measure, summary

FOLDER = Path(__file__).parents[1] / "models" / "embedded"
LEAST = {"loop_maze": 0.9, "unique_maze": 0.9, "occlusion": 0.9, "grounding": 0.85}  # exact success


def test_folder_is_whole_and_small():
    facts = check_checkpoint(FOLDER)
    assert facts["experts"] == ["high"]
    weights = [entry["bytes"] for name, entry in facts["files"].items() if name.endswith(".safetensors")]
    assert sum(weights) <= 40e6
    assert not [path for path in FOLDER.rglob("*") if path.suffix in (".bin", ".pt", ".ckpt", ".pkl")]


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline(FOLDER)


def test_measured_skill_is_what_the_figures_need():
    table = summary(pd.read_csv(FOLDER / "skill.csv"))
    assert set(table.puzzle) == set(puzzles.PUZZLES) and (table.n >= 64).all()
    for row in table.itertuples():
        assert row.success >= LEAST[row.puzzle], f"{row.puzzle}, {row.variant}"
    assert set(table[table.puzzle == "grounding"].variant) == {"asked", "another"}


@pytest.mark.parametrize("name", puzzles.PUZZLES)
def test_a_few_of_the_cases_of_the_card_come_out_as_it_says(pipeline, name):
    rows = pd.DataFrame(measure(pipeline, name, range(6)), columns=COLUMNS)
    card = pd.read_csv(FOLDER / "skill.csv")
    card = card[(card.puzzle == name) & (card.case < 6)]
    assert (rows.success.to_numpy() == card.success.to_numpy()).mean() >= 0.8  # another machine, other last bits
    assert rows.static.max() <= 0.3 and rows.ground_truth.mean() >= 0.9
