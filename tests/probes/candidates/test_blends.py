"""Blends of two answers that the shipped VAE encodes and decodes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import read_cases, write_case
from chainofsteps.bench.puzzles import candidates, draw
from chainofsteps.model.load import load_vae
from chainofsteps.model.vae import decode
from chainofsteps.names import SPLITS
from chainofsteps.probes.candidates import rows
from chainofsteps.probes.candidates.blends import COLUMNS, read_blends, table_of
from chainofsteps.probes.candidates.rows import encoded_answers


@pytest.fixture(scope="module")
def vae():
    return load_vae("models/embedded", device=torch.device("cpu"))


def case_of(folder, task):
    write_case(folder, SPLITS[0], task, "00000", draw(task, 0, held_out=True))
    return read_cases(folder, task)[0]


def test_a_blend_of_pixels_is_read_as_halves_and_one_of_latents_as_it_decodes(tmp_path, vae):
    case = case_of(tmp_path, "loop_maze")
    latents, names, right = encoded_answers(case, vae)
    read = read_blends(case, latents, names, right, vae)
    pair = [name for name, solves in zip(names, right, strict=True) if solves][:2]
    assert list(read) == pair
    assert [read[name]["blend_in_pixels"] for name in pair] == pytest.approx([0.5, 0.5], abs=0.12)
    assert all(0 <= read[name]["blend_in_latents"] <= 1 for name in pair)
    blended = decode(vae, latents[[names.index(name) for name in pair]].mean(0, keepdim=True))[0, -1]
    assert {name: of["blend_in_latents"] for name, of in read.items()} == {
        name: mass for name, mass in candidates.masses(case.task, blended, case.layout).items() if name in pair
    }
    same = read_blends(case, latents[[0, 0]], [names[0], names[0]], [True, True], vae)  # of an answer with itself
    assert same[names[0]]["blend_in_latents"] > 0.9
    listed = [
        {"candidate": n, "right": s, **read.get(n, dict.fromkeys(COLUMNS[-2:]))}
        for n, s in zip(names, right, strict=True)
    ]
    table = table_of({"00000": listed}, {"model": "m", "task": "loop_maze", "kind": "multi"})
    assert list(table.columns) == COLUMNS and table.candidate.tolist() == pair


def test_one_right_answer_is_blended_with_nothing(tmp_path, vae):
    case = case_of(tmp_path, "unique_maze")
    latents, names, right = encoded_answers(case, vae)
    assert sum(right) == 1 and len(latents) == len(names) and read_blends(case, latents, names, right, vae) == {}


@pytest.mark.parametrize("right_last", [True, False])
def test_candidates_with_equal_videos_are_one_and_right_if_one_of_them_is(tmp_path, monkeypatch, right_last):
    case = case_of(tmp_path, "loop_maze")
    puzzle = puzzles.puzzle("loop_maze")
    answers = puzzle.answers(case.layout)
    right = candidates.right_answers("loop_maze", case.layout)
    name, video = next((name, video) for name, video in answers.items() if name in right)
    first, last = ("a twin", name) if right_last else (name, "a twin")
    twice = {first: video, last: video, "nothing": np.zeros_like(video)}
    monkeypatch.setattr(rows, "right_answers", lambda task, layout: {name})
    monkeypatch.setattr(rows.puzzles, "puzzle", lambda task: SimpleNamespace(answers=lambda layout: twice))
    found = rows.distinct_answers(case)
    assert {answer: solves for answer, (_, solves) in found.items()} == {first: True, "nothing": False}
