"""The judge of a job: what it scores side by side, and by which VAE."""

import threading

import numpy as np
import pytest
import tiny
import torch

from chainofsteps.bench.cases import read_cases, write_case
from chainofsteps.bench.puzzles import draw
from chainofsteps.probes.judge import Judge


@pytest.fixture
def listed(tmp_path):
    write_case(tmp_path, "In-Domain_50", "grounding", "00000", draw("grounding", 0, held_out=True))
    return {"root": str(tmp_path), "task": "grounding", "cases": {"00000": {}}}


def test_videos_of_a_case_are_scored_side_by_side(checkpoint, listed):
    """Each waits for another, so that one after the other they would never end."""
    together = threading.Barrier(2, timeout=60)

    def scorer(case, video):
        together.wait()
        return float(video.mean())

    judge = Judge(str(checkpoint), {"device": torch.device("cpu")}, listed, scorer, at_once=2)
    (case,) = judge.cases(["00000"])
    latents = [torch.full(tiny.LATENTS_SHAPE, value) for value in (0.0, 1.0, -1.0, 0.5)]
    together_scores = judge.scores(case, latents)
    alone = Judge(str(checkpoint), {"device": torch.device("cpu")}, listed, lambda case, video: float(video.mean()))
    assert together_scores == alone.scores(case, latents) and len(set(together_scores)) > 1


def test_cases_are_read_as_their_manifest_lists_them(listed):
    judge = Judge("nowhere", {}, {**listed, "fitted": [96, 128]})
    assert judge.case("00000").first_frame.shape == (96, 128, 3)
    (plain,) = read_cases(listed["root"], "grounding")
    assert np.array_equal(Judge("nowhere", {}, listed).case("00000").first_frame, plain.first_frame)
