"""Mark the one object that is unlike the other three: what they have in common has to be found. Never trained on.

Three objects have the same colour and shape, the fourth another colour or another shape; a black frame is drawn
clockwise around it, as in grounding.

Score, from the last frame: as in grounding (1.0 if the frame stands around the odd one and around no other, and every
object is still there in its colour and shape). The first frame scores 0.
"""

import numpy as np

from . import grounding
from .canvas import CELLS, COLOURS, SHAPES, Puzzle

KIND = "unique"
CATEGORY = "Abstraction"
PROMPTS = (
    "mark the object that is unlike the others",
    "mark the odd one out",
    "find the odd one out and frame it",
)

answers = grounding.answers_by_cell
score = grounding.score


def generate(seed: int) -> Puzzle:
    """Four objects in random cells: three alike, one that differs in colour or in shape, not in both."""
    rng = np.random.default_rng(seed)
    cells = rng.choice(CELLS * CELLS, grounding.OBJECTS, replace=False)
    colours = rng.choice(list(COLOURS), 2, replace=False)
    names = rng.choice(SHAPES, 2, replace=False)
    odd = (colours[1], names[0]) if rng.integers(2) else (colours[0], names[1])
    kinds = [odd] + [(colours[0], names[0])] * (grounding.OBJECTS - 1)
    objects = [
        {"colour": str(colour), "shape": str(name), "cell": [int(cell) // CELLS, int(cell) % CELLS]}
        for (colour, name), cell in zip(kinds, cells, strict=True)
    ]
    return grounding.make(objects, 0, PROMPTS[rng.integers(len(PROMPTS))])


def difficulty(layout: dict) -> float:
    """1 if the odd one differs in colour, 2 if only in shape, which takes a closer look."""
    return 1.0 if len({item["colour"] for item in layout["objects"]}) == 2 else 2.0
