"""The control of serial_chain: the same pictures and videos, but the prompt names the square and no chain is needed."""

from .canvas import Puzzle
from .serial_chain import CATEGORY, KIND, SQUARES, answers, difficulty, drawn, score

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "score"]

PROMPTS = tuple(f"move the red disc to the {colour} square" for colour in SQUARES)


def generate(seed: int) -> Puzzle:
    """The board that serial_chain draws from the same seed, with a prompt that names the square."""
    return drawn(seed, lambda rng, colour: PROMPTS[SQUARES.index(colour)])
