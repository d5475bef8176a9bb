"""The checkpoint that ships: complete, small, and able."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import tiny
import torch

from chainofsteps import puzzles, schedule
from chainofsteps.cases import read_cases, write_case
from chainofsteps.config import load_config
from chainofsteps.denoise import GuidedVelocity, initial_latents
from chainofsteps.layout import SPLITS
from chainofsteps.models import Experts, check_checkpoint
from chainofsteps.settings import Sampling
from chainofsteps.training.skill import COLUMNS, load_pipeline, measure, summary
from chainofsteps.trajectory import record

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "models" / "embedded"
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


def test_our_loop_ends_in_the_bits_of_the_stock_pipeline(tmp_path):
    write_case(tmp_path, SPLITS[0], "loop_maze", "00000", puzzles.draw("loop_maze", 0, held_out=True))
    (case,) = read_cases(tmp_path, "loop_maze")
    settings = replace(Sampling.from_config(load_config(ROOT / "config.yaml")["models"]["embedded"]), device="cpu")
    sigmas = schedule.sigmas(settings.steps, settings.shift)
    velocity = GuidedVelocity(Experts(FOLDER, settings), tiny.conditioning(FOLDER, settings, case), sigmas, settings)
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", seed=1, shared=True)
    _, latents = tiny.stock(FOLDER, settings, case, "latent", generator=torch.Generator().manual_seed(1))
    assert torch.equal(record(velocity, noise, sigmas, "00000").latents, torch.cat([noise, *latents]))


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
