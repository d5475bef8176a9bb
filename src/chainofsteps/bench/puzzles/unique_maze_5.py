"""A larger maze with one route only: 5 x 5 rooms, on a picture of 80 x 80 pixels."""

from . import unique_maze
from .canvas import Puzzle
from .maze import CATEGORY, PROMPTS, answers, difficulty, masses, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "unique"
SIZE = 5


def generate(seed: int) -> Puzzle:
    """One route of 5 to 12 passages."""
    return unique_maze.generate_on(SIZE, seed, lengths=range(5, 13))
