"""Turn a figure by a half turn: rotation with one setting changed, which the transformer never saw.

Nor did the VAE: a quarter turn that is laid in any of the eight ways is a quarter turn.
"""

import numpy as np

from . import rotation
from .canvas import Puzzle
from .rotation import answers, difficulty, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "score"]

KIND = "unique"
CATEGORY = rotation.CATEGORY
PROMPTS = (
    "rotate the figure by a half turn",
    "turn the figure in the middle a half turn",
    "make a half turn with the figure",
)
HALF = 2


def generate(seed: int) -> Puzzle:
    """A random figure to be turned by a half turn."""
    rng = np.random.default_rng(seed)
    layout = rotation.draw_layout(rng, (HALF,))
    return Puzzle(PROMPTS[rng.integers(len(PROMPTS))], rotation.render(layout, HALF), layout)
