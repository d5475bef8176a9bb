"""Noughts and crosses with one winning cell among two to five empty ones: the control, which leaves nothing to choose.

The picture, the rule and the partial credit are those of ``tic_tac_toe``.
"""

from . import tic_tac_toe
from .canvas import Puzzle
from .tic_tac_toe import CATEGORY, PROMPTS, answers, difficulty, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "score"]

KIND = "unique"
COUNTS = ((2, 2), (2, 3), (3, 3), (3, 4))  # marks of the named player and of the other


def generate(seed: int) -> Puzzle:
    """Two or three marks of the named player, as many or one more of the other, and one winning cell."""
    return tic_tac_toe.play(seed, COUNTS, wins=1)
