"""The score of a whole clip in latents, on planted answers."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from chainofsteps.model.conditioning import Conditioning
from chainofsteps.probes.noise import clip
from chainofsteps.probes.noise.clip import Clips, clip_score

STATIC, LEFT, RIGHT = np.zeros(4), np.array([2.0, 0, 0, 0]), np.array([0, 2.0, 0, 0])


@pytest.mark.parametrize(
    ("final", "score"),
    [
        (LEFT, 1),
        (RIGHT, 1),  # any right answer
        (STATIC, 0),
        (LEFT / 2, 0.75),
        (LEFT + np.array([0, 0, 1.0, 0]), 0.75),  # a part of the clip that no frame of the answer has
        (-LEFT, 0),  # further away than where it began
        (np.array([1.9, 1.9, 0, 0]), 1 - (0.1**2 + 1.9**2) / 4),  # between two answers: the nearer one counts
    ],
)
def test_a_clip_is_as_good_as_it_is_near_to_a_right_answer(final, score):
    assert clip_score(final, STATIC, np.stack([LEFT, RIGHT])) == pytest.approx(score)


def test_a_wrong_answer_counts_for_nothing(monkeypatch):
    """Rows of a case with a right and a wrong answer: a clip that ends at the wrong one has come nowhere."""
    shape = (1, 1, 1, 2, 2)
    answers = {"latents": torch.from_numpy(np.stack([RIGHT, LEFT])).float().view(2, 1, 1, 2, 2)}
    rows = [{"candidate": "wrong", "right": False}, {"candidate": "right", "right": True}]
    reader = SimpleNamespace(rows=lambda case: rows, load=lambda case: (answers, rows))
    case = SimpleNamespace(first_frame=np.arange(48, dtype=np.uint8).reshape(4, 4, 3), frames=5)
    given = Conditioning(torch.zeros(1, 2, 3), torch.zeros(1, 20, *shape[2:])).to_tensors()
    runs = [({"run": name}, torch.from_numpy(to).float().view(shape)) for name, to in (("a", LEFT), ("b", RIGHT))]
    scoring = SimpleNamespace(
        judge=SimpleNamespace(case=lambda name: case, vae=None),
        encoded=SimpleNamespace(load=lambda name: (given, [])),
        runs=lambda case, conditioning: runs,
    )
    stills = []
    monkeypatch.setattr(clip, "encode", lambda vae, video: stills.append(video) or torch.zeros(shape))
    scores = {row["run"]: row["score"] for row in Clips(scoring, reader).rows("00000")}
    assert scores == {"a": pytest.approx(1), "b": 0}
    assert stills[0].shape == (5, 4, 4, 3) and (stills[0] == case.first_frame).all()
