"""The score of a whole clip in latents, on planted answers."""

import numpy as np
import pytest

from chainofsteps.probes.noise.clip import clip_score

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
