"""A maze with two to four equally short routes on 7 x 7 rooms, 112 x 112 pixels: the ladder never trains on it."""

from . import loop_maze
from .canvas import Puzzle
from .maze import CATEGORY, PROMPTS, answers, difficulty, masses, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "multi"
SIZE = 7


def generate(seed: int) -> Puzzle:
    """Two to four shortest routes of 7 to 12 passages."""
    return loop_maze.generate_on(SIZE, seed, lengths=range(7, 13), walls=range(20, 36))
