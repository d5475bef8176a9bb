"""A maze with one route on 7 x 7 rooms, 112 x 112 pixels: the ladder of depths never trains on it."""

from . import unique_maze
from .canvas import Puzzle
from .maze import CATEGORY, PROMPTS, answers, difficulty, masses, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "unique"
SIZE = 7


def generate(seed: int) -> Puzzle:
    """One route of 7 to 14 passages."""
    return unique_maze.generate_on(SIZE, seed, lengths=range(7, 15))
