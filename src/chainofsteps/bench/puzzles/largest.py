"""Mark the largest object: sizes have to be compared. Out of domain, never trained on.

Four objects of one shape and four radii, of one colour or of four, stand in cells of the board; a black frame is drawn
clockwise around the largest, as in grounding.

Score, from the last frame: as in grounding (1.0 if the frame stands around the largest and around no other, and every
object is still there in its colour and shape), and every object must have kept its area, by a third more or less: 0.9
if only that is wrong. The first frame scores 0.
"""

import numpy as np

from . import grounding
from .canvas import CELLS, COLOURS, SHAPES, Puzzle
from .objects import sized

KIND = "unique"
CATEGORY = "Perception"
PROMPTS = (
    "mark the largest object",
    "draw a frame around the largest object",
    "find the largest object and frame it",
)
LARGEST = 6.0  # just inside the frame
SMALLER = (3.5, 4.0, 4.5, 5.0)

answers = grounding.answers_by_cell


def generate(seed: int) -> Puzzle:
    """Four objects in random cells: the largest and three of the smaller radii."""
    rng = np.random.default_rng(seed)
    cells = rng.choice(CELLS * CELLS, grounding.OBJECTS, replace=False)
    name = str(rng.choice(SHAPES))
    colours = rng.choice(list(COLOURS), grounding.OBJECTS, replace=False)
    if rng.integers(2):
        colours[:] = colours[0]
    radii = [LARGEST, *rng.choice(SMALLER, grounding.OBJECTS - 1, replace=False)]
    objects = [
        {"colour": str(colour), "shape": name, "cell": [int(cell) // CELLS, int(cell) % CELLS], "radius": float(radius)}
        for colour, cell, radius in zip(colours, cells, radii, strict=True)
    ]
    return grounding.make(objects, 0, PROMPTS[rng.integers(len(PROMPTS))])


def difficulty(layout: dict) -> float:
    """Radius of the second largest object over that of the largest: the nearer to 1, the harder."""
    *_, second, first = sorted(item["radius"] for item in layout["objects"])
    return second / first


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    value = grounding.score(video, layout)
    frame = video[-1].astype(np.float32)
    return value if all(sized(frame, item) for item in layout["objects"]) else min(value, 0.9)
