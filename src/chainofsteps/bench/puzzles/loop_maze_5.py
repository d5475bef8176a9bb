"""A larger maze with two to four equally short routes: 5 x 5 rooms, on a picture of 80 x 80 pixels."""

from . import loop_maze
from .canvas import Puzzle
from .maze import CATEGORY, PROMPTS, answers, difficulty, masses, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "multi"
SIZE = 5


def generate(seed: int) -> Puzzle:
    """Two to four shortest routes of 5 to 8 passages."""
    return loop_maze.generate_on(SIZE, seed, lengths=range(5, 9), walls=range(9, 18))
