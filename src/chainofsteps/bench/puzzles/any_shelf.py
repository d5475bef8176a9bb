"""Move an object to any free shelf: shelf without the level in its prompt, so every free one is right.

Score as in shelf, with the free shelf that carries most of the object's colour in place of the named one."""

import numpy as np

from . import shelf
from .canvas import Puzzle

KIND = "multi"
CATEGORY = shelf.CATEGORY
PROMPTS = (
    "move the {colour} {shape} to any free shelf",
    "put the {colour} {shape} on any free shelf",
    "the {colour} {shape} goes to any free shelf",
)

answers = shelf.answers
difficulty = shelf.difficulty


def generate(seed: int) -> Puzzle:
    """A scene; the true video takes any of its free shelves."""
    rng = np.random.default_rng(seed)
    layout = shelf.draw_scene(rng)
    level = int(rng.choice(shelf.free(layout)))
    prompt = PROMPTS[rng.integers(len(PROMPTS))].format(**layout["object"])
    return Puzzle(prompt, shelf.render(layout, level), layout)


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    return shelf.score_on(video, layout, shelf.free(layout))
