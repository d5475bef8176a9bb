"""Draw two sets of objects on an empty board: the answer is nowhere in the first frame, all of it is in the prompt.

The prompt gives count, size, colour and shape of an upper set and of a lower one, which differ in colour or in shape.
The objects grow from nothing in the two middle rows of the board, in places that the count alone decides.

Score, from the last frame: 1.0 if every object of both sets stands in its place in its size, colour and shape and all
other cells are empty. Otherwise partial credit, at most 0.9: 0.9 x (objects that are right) / (objects asked for +
other cells that are not empty). The first frame scores 0: nothing is there.
"""

import numpy as np

from .canvas import (
    BACKGROUND,
    CELL,
    CELLS,
    COLOURS,
    SHAPES,
    Puzzle,
    blank,
    centre,
    check_video,
    finish,
    frames,
    paint,
    shape,
)
from .objects import sized, stands

KIND = "unique"
CATEGORY = "Perception"
PROMPTS = (
    "draw {upper} above {lower}",
    "let {upper} grow above {lower}",
    "draw {lower} below {upper}",
)
COUNTS = ("one", "two", "three", "four")
COLUMNS = ((1,), (1, 2), (0, 1, 2), (0, 1, 2, 3))  # where a set stands, by its count
ROWS = (1, 2)
RADII = {"small": 4.0, "large": 6.0}


def generate(seed: int) -> Puzzle:
    """Two random sets that differ in colour or in shape."""
    rng = np.random.default_rng(seed)
    kinds = [(colour, name) for colour in COLOURS for name in SHAPES]
    sets = [
        {
            "count": int(rng.integers(len(COUNTS))) + 1,
            "size": str(rng.choice(list(RADII))),
            "colour": kinds[kind][0],
            "shape": kinds[kind][1],
        }
        for kind in rng.choice(len(kinds), 2, replace=False)
    ]
    return make(sets, PROMPTS[rng.integers(len(PROMPTS))])


def make(sets: list[dict], prompt: str = PROMPTS[0]) -> Puzzle:
    """A puzzle from its upper and its lower set; each has count, size, colour and shape."""
    upper, lower = (_words(group) for group in sets)
    return Puzzle(prompt.format(upper=upper, lower=lower), _render(sets), {"sets": sets})


def _words(group: dict) -> str:
    noun = group["shape"] if group["count"] == 1 else group["shape"] + "s"
    return f"{COUNTS[group['count'] - 1]} {group['size']} {group['colour']} {noun}"


def _objects(sets: list[dict]) -> list[dict]:
    """The objects of both sets, each with colour, shape, cell and radius."""
    return [
        {"colour": group["colour"], "shape": group["shape"], "cell": [row, column], "radius": RADII[group["size"]]}
        for row, group in zip(ROWS, sets, strict=True)
        for column in COLUMNS[group["count"] - 1]
    ]


def _render(sets: list[dict]) -> np.ndarray:
    video = blank()
    for item in _objects(sets):
        y, x = (centre(part) for part in item["cell"])
        grown = np.linspace(0, item["radius"], frames())
        cover = np.stack([shape(item["shape"], x, y, radius) for radius in grown])
        paint(video, cover, COLOURS[item["colour"]])
    return finish(video)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The sets as asked for, in each other's place, and with counts or colours exchanged where that is another case."""
    upper, lower = layout["sets"]
    candidates = {
        "asked": [upper, lower],
        "sets exchanged": [lower, upper],
        "counts exchanged": [{**upper, "count": lower["count"]}, {**lower, "count": upper["count"]}],
        "colours exchanged": [{**upper, "colour": lower["colour"]}, {**lower, "colour": upper["colour"]}],
    }
    names = [name for i, name in enumerate(candidates) if candidates[name] not in list(candidates.values())[:i]]
    return {name: _render(candidates[name]) for name in names}


def difficulty(layout: dict) -> float:
    """How many objects there are to draw: 2 to 8."""
    return float(sum(group["count"] for group in layout["sets"]))


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    frame = video[-1].astype(np.float32)
    objects = _objects(layout["sets"])
    right = sum(stands(frame, item) and sized(frame, item) for item in objects)
    drawn = np.abs(frame - BACKGROUND).max(-1) > 60
    full = drawn.reshape(CELLS, CELL, CELLS, CELL).sum((1, 3)) > 8
    for item in objects:
        full[tuple(item["cell"])] = False
    if right == len(objects) and not full.any():
        return 1.0
    return round(0.9 * right / (len(objects) + int(full.sum())), 4)
