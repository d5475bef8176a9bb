"""``bounce`` upside down: the ball falls from the top row to targets at the bottom.

The transformer never saw this puzzle. The VAE and its decoder did: they are trained on clips laid in all eight ways.
The prompts are those of ``bounce``, and so are the layouts, the rule and the partial credit: its videos are flipped to
be shown and flipped back to be scored.
"""

import numpy as np

from . import bounce
from .bounce import CATEGORY, KIND, PROMPTS, difficulty
from .canvas import Puzzle

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "score"]


def flip(video: np.ndarray) -> np.ndarray:
    """A video (frames, 64, 64, 3) upside down."""
    return np.ascontiguousarray(video[:, ::-1])


def generate(seed: int) -> Puzzle:
    """The puzzle of ``bounce`` with the same seed, upside down."""
    puzzle = bounce.generate(seed)
    return Puzzle(puzzle.prompt, flip(puzzle.video), puzzle.layout)


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule of ``bounce``."""
    return bounce.score(flip(video), layout)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The candidate answers of ``bounce``, upside down."""
    return {name: flip(video) for name, video in bounce.answers(layout).items()}
