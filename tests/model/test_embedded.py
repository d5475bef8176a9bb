"""The checkpoint that ships: complete, small, and able."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import tiny
import torch

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import read_cases, write_case
from chainofsteps.bench.puzzles import grounding
from chainofsteps.config.read import load_config
from chainofsteps.model import schedule
from chainofsteps.model.load import Experts, check_checkpoint
from chainofsteps.model.sampling import Sampling
from chainofsteps.names import BENCHMARK, SPLITS
from chainofsteps.probes.skill.run import load_pipeline, measure, sample
from chainofsteps.probes.skill.table import COLUMNS
from chainofsteps.run.denoise import GuidedVelocity, initial_latents
from chainofsteps.run.trajectory import record
from chainofsteps.training import experts

ROOT = Path(__file__).parents[2]
FOLDER, EXPERTS = ROOT / "models" / "embedded", ROOT / "models" / "embedded_experts"
ABLE, LEAST = ("loop_maze", "unique_maze", "grounding"), 0.9  # what Figures 1 and 3 stand on; exact success


def test_folders_are_whole_and_small():
    facts = {folder: check_checkpoint(folder) for folder in (FOLDER, EXPERTS)}
    assert [of_it["experts"] for of_it in facts.values()] == [["high"], ["high", "low"]]
    files = [file for of_it in facts.values() for file in of_it["files"].items()]
    assert sum(file["bytes"] for name, file in files if name.endswith(".safetensors")) <= 40e6
    assert not [path for path in (ROOT / "models").rglob("*") if path.suffix in (".bin", ".pt", ".ckpt", ".pkl")]


def test_two_experts_differ_and_share_the_rest():
    entry = load_config(ROOT / "config.yaml")["models"]["embedded-experts"]
    pipeline = load_pipeline(EXPERTS)
    assert pipeline.config.boundary_ratio == entry["boundary"] == experts.BOUNDARY
    assert ROOT / entry["folder"] == EXPERTS
    single = load_pipeline(FOLDER)
    for part in ("vae", "text_encoder"):
        assert equal(getattr(pipeline, part), getattr(single, part))
    assert not equal(pipeline.transformer, pipeline.transformer_2)
    assert not equal(pipeline.transformer, single.transformer) and not equal(pipeline.transformer_2, single.transformer)


def equal(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


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


@pytest.mark.parametrize("folder", [FOLDER, EXPERTS], ids=lambda folder: folder.name)
def test_measured_skill_is_what_the_figures_need(folder):
    rows = pd.read_csv(folder / "skill.csv")
    assert (rows.puzzle.value_counts() >= 24).all() and set(rows.puzzle) == set(BENCHMARK)
    for name in ABLE:
        cases = rows[rows.puzzle == name]
        assert len(cases) >= 24 and cases.success.mean() >= LEAST, name
        assert (cases.ground_truth == 1.0).mean() >= 0.98 and cases.static.mean() <= 0.3, name


@pytest.mark.parametrize("name", ABLE)
def test_a_few_held_out_cases_come_out_as_the_card_says(pipeline, name):
    rows = pd.DataFrame(measure(pipeline, name, range(6)), columns=COLUMNS)
    assert rows.success.mean() >= 0.8
    assert rows.static.max() <= 0.3 and rows.ground_truth.mean() >= 0.9


def test_the_answer_follows_the_prompt(pipeline):
    """The same first frame, another object asked for: the mark moves to it."""
    layouts = [puzzles.draw("grounding", seed, held_out=True).layout for seed in range(6)]
    asked = [grounding.make(layout["objects"], (layout["target"] + 1) % grounding.OBJECTS) for layout in layouts]
    solved = [grounding.score(sample(pipeline, puzzle, seed), puzzle.layout) for seed, puzzle in enumerate(asked)]
    assert sum(value == 1.0 for value in solved) >= 5
