"""Out of domain: a maze with one route on 6 x 6 rooms, 96 x 96 pixels. Training never sees this size."""

from . import unique_maze
from .canvas import Puzzle
from .maze import CATEGORY, PROMPTS, answers, difficulty, masses, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "unique"
SIZE = 6


def generate(seed: int) -> Puzzle:
    """One route of 6 to 12 passages, the lengths that are also trained on smaller boards."""
    return unique_maze.generate_on(SIZE, seed, lengths=range(6, 13))
