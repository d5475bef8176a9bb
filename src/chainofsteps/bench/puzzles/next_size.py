"""Continue a pattern of sizes: three objects of a row or a column show it, the fourth place is empty.

The three have one colour and one shape, and their sizes (four levels of radius) grow, shrink or alternate (a b a)
towards the empty place. The fourth grows there from nothing to the size that continues the pattern. A bystander of
another colour stands off the line.

Score, from the last frame: 1.0 if an object of the pattern's colour and shape and of the right size stands in the empty
place (the nearest of all colours, shapes and sizes), everything else stands as it did, and nothing came beside it.
Otherwise partial credit, at most 0.9: (0.9 for an object of the right colour, shape and size; 0.4 if its size is wrong)
x (share of the other cells that are as they were). The first frame scores 0.
"""

import numpy as np

from .canvas import CELLS, COLOURS, SHAPES, Puzzle, blank, centre, check_video, finish, frames, paint, shape
from .cells import NOTHING, Kind, read

KIND = "unique"
CATEGORY = "Abstraction"
PROMPTS = (
    "continue the pattern with the next size",
    "draw the next {shape} of the pattern",
    "add the {shape} that continues the pattern of sizes",
)
RADII = (4.0, 5.25, 6.5, 7.75)
BYSTANDER_RADIUS = RADII[1]
STEADY = ((0, 1, 2), (3, 2, 1))  # growing, shrinking: the next one is level 3, level 0
ALTERNATING = tuple((a, b, a) for a in range(len(RADII)) for b in range(len(RADII)) if a != b)


def generate(seed: int) -> Puzzle:
    """A row or a column with the pattern from either end, growing or shrinking as often as alternating."""
    rng = np.random.default_rng(seed)
    index, upright, backwards = int(rng.integers(CELLS)), bool(rng.integers(2)), bool(rng.integers(2))
    line = [[place, index] if upright else [index, place] for place in range(CELLS)]
    if backwards:
        line = line[::-1]
    patterns = ALTERNATING if rng.integers(2) else STEADY
    colour, other = rng.choice(list(COLOURS), 2, replace=False)
    free = [[row, column] for row in range(CELLS) for column in range(CELLS) if [row, column] not in line]
    layout = {
        "line": line,
        "levels": list(patterns[rng.integers(len(patterns))]),
        "colour": str(colour),
        "shape": str(rng.choice(SHAPES)),
        "bystander": {
            "colour": str(other),
            "shape": str(rng.choice(SHAPES)),
            "cell": free[rng.integers(len(free))],
        },
    }
    words = PROMPTS[rng.integers(len(PROMPTS))].format(shape=layout["shape"])
    return Puzzle(words, render(layout, next_level(layout)), layout)


def next_level(layout: dict) -> int:
    """The level that continues the pattern."""
    a, b, c = layout["levels"]
    return b if a == c else c + (c - b)


def render(layout: dict, level: int) -> np.ndarray:
    """The video in which an object of the given level grows in the empty place."""
    video = blank()
    bystander, colour = layout["bystander"], COLOURS[layout["colour"]]
    row, column = bystander["cell"]
    cover = shape(bystander["shape"], centre(column), centre(row), BYSTANDER_RADIUS)
    paint(video, cover, COLOURS[bystander["colour"]])
    for (row, column), shown in zip(layout["line"], layout["levels"], strict=False):
        paint(video, shape(layout["shape"], centre(column), centre(row), RADII[shown]), colour)
    row, column = layout["line"][-1]
    for frame, radius in zip(video[1:], RADII[level] * np.arange(1, frames()) / (frames() - 1), strict=True):
        paint(frame, shape(layout["shape"], centre(column), centre(row), radius), colour)
    return finish(video)


def _expected(layout: dict) -> dict[tuple[int, int], Kind]:
    """What stands in each cell when the pattern is continued."""
    cells: dict[tuple[int, int], Kind] = {(row, column): NOTHING for row in range(CELLS) for column in range(CELLS)}
    for (row, column), level in zip(layout["line"], [*layout["levels"], next_level(layout)], strict=True):
        cells[row, column] = (layout["colour"], layout["shape"], RADII[level])
    bystander = layout["bystander"]
    cells[tuple(bystander["cell"])] = (bystander["colour"], bystander["shape"], BYSTANDER_RADIUS)
    return cells


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    frame = video[-1].astype(np.float32)
    expected = _expected(layout)
    drawn, wanted = read(frame, layout["line"][-1], RADII), expected.pop(tuple(layout["line"][-1]))
    others = float(np.mean([read(frame, cell, RADII) == kind for cell, kind in expected.items()]))
    if drawn == wanted and others == 1:
        return 1.0
    credit = 0.9 if drawn == wanted else 0.4 if drawn and drawn[:2] == wanted[:2] else 0.0
    return round(credit * others, 4)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The object at each of the four sizes."""
    return {f"size {level + 1}": render(layout, level) for level in range(len(RADII))}


def difficulty(layout: dict) -> float:
    """1 for growing or shrinking, which its direction continues; 2 for alternating, which needs what came before."""
    return 1.0 if tuple(layout["levels"]) in STEADY else 2.0
