"""A maze with two to four equally short routes on 6 x 6 rooms, 96 x 96 pixels: for the ladder of depths."""

from . import loop_maze
from .canvas import Puzzle
from .maze import CATEGORY, PROMPTS, answers, difficulty, masses, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "multi"
SIZE = 6


def generate(seed: int) -> Puzzle:
    """Two to four shortest routes of 6 to 10 passages."""
    return loop_maze.generate_on(SIZE, seed, lengths=range(6, 11), walls=range(14, 26))
