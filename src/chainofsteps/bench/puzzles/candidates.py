"""Which candidate answer a frame supports, and how strongly: how Fig 1, Fig 2 and the claims read x0_pred.

An early x0_pred shows several answers at once, each faint. A frame is explained as the first frame plus a share of what
each candidate's last frame adds to it, ``frame - first = sum_k w_k (last_k - first)``, by non-negative least squares;
the shares, clipped to [0, 1], are the masses. They need not sum to 1: a frame may support nothing. Mazes read their
trail instead, since there the pictures of different routes can add up to the same (maze.masses).
"""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import nnls

from . import puzzle
from .canvas import drawn_at


def masses(name: str, frame: np.ndarray, layout: dict) -> dict[str, float]:
    """Mass in [0, 1] of each candidate answer of a puzzle in one frame (side, side, 3), uint8 or float in 0..255."""
    module = puzzle(name)
    if hasattr(module, "masses"):
        return module.masses(frame, layout)
    return shares(module.answers(layout), frame)


def shares(answers: Mapping[str, np.ndarray], frame: np.ndarray) -> dict[str, float]:
    """Mass in [0, 1] of each of some answers, videos of one first frame by name, in one frame (side, side, 3)."""
    first = next(iter(answers.values()))[0].astype(np.float64)
    changes = np.stack([(video[-1] - first).ravel() for video in answers.values()], axis=1)
    touched = np.abs(changes).max(1) > 0
    weights, _ = nnls(changes[touched], (frame - first).ravel()[touched])
    return dict(zip(answers, np.clip(weights, 0, 1).tolist(), strict=True))


def right_answers(name: str, layout: dict) -> set[str]:
    """The names of the candidates that solve the case."""
    module = puzzle(name)
    with drawn_at():  # as the score reads them
        return {answer for answer, video in module.answers(layout).items() if module.score(video, layout) == 1.0}
