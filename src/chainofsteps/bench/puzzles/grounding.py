"""Mark the object that the prompt names: the same first frame with another prompt has another answer.

Four objects, no two alike in both colour and shape, stand in cells of the board; a black frame is drawn clockwise
around the named one.

Score, from the last frame: 1.0 if the frame stands around the named object and no other cell carries one (a quarter of
a frame counts), and every object is still there in its colour and shape. Otherwise partial credit, at most 0.9:
0.9 x (share of the frame around the named object) x (1 - the largest share around another cell). The first frame
scores 0.

A frame stands from 0.6 of it on, so one with a side missing passes; what is added in free cells is not looked for.
"""

import numpy as np

from .canvas import BLACK, CELL, CELLS, COLOURS, SHAPES, Puzzle, amount, blank, box, check_video, finish, paint, times
from .objects import put, stands

KIND = "unique"
CATEGORY = "Perception"
PROMPTS = (
    "mark the {colour} {shape}",
    "draw a frame around the {colour} {shape}",
    "find the {colour} {shape} and frame it",
)
OBJECTS = 4
THICK = 2


def _object(rng: np.random.Generator) -> tuple[str, str]:
    return str(rng.choice(list(COLOURS))), str(rng.choice(SHAPES))


def generate(seed: int) -> Puzzle:
    """Four objects in random cells, one of them named; one other at least shares its colour or its shape."""
    rng = np.random.default_rng(seed)
    objects = draw_objects(rng)
    return make(objects, 0, PROMPTS[rng.integers(len(PROMPTS))])


def draw_objects(rng: np.random.Generator) -> list[dict]:
    """Four objects, no two alike, in random cells; one of the others at least shares colour or shape with the first."""
    cells = rng.choice(CELLS * CELLS, OBJECTS, replace=False)
    while True:
        kinds = [_object(rng) for _ in range(OBJECTS)]
        shared = any(kind[0] == kinds[0][0] or kind[1] == kinds[0][1] for kind in kinds[1:])
        if len(set(kinds)) == OBJECTS and shared:
            break
    return [
        {"colour": colour, "shape": name, "cell": [int(cell) // CELLS, int(cell) % CELLS]}
        for (colour, name), cell in zip(kinds, cells, strict=True)
    ]


def make(objects: list[dict], target: int, prompt: str = PROMPTS[0]) -> Puzzle:
    """A puzzle that asks for ``objects[target]``; each object has colour, shape and cell (row, column)."""
    asked = objects[target]
    objects = sorted(objects, key=lambda item: item["cell"])
    target = objects.index(asked)
    return Puzzle(prompt.format(**asked), render(objects, target), {"objects": objects, "target": target})


def render(objects: list[dict], target: int) -> np.ndarray:
    """The video in which a frame is drawn around ``objects[target]``."""
    video = blank()
    for item in objects:
        put(video, item)
    paint(video, frame_drawn(*objects[target]["cell"], times()), BLACK)
    return finish(video)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """Each object marked, by its colour and shape."""
    objects = layout["objects"]
    return {f"{item['colour']} {item['shape']}": render(objects, i) for i, item in enumerate(objects)}


def answers_by_cell(layout: dict) -> dict[str, np.ndarray]:
    """Each object marked, by its cell: where several look alike."""
    objects = layout["objects"]
    return {"cell {} {}".format(*item["cell"]): render(objects, i) for i, item in enumerate(objects)}


def difficulty(layout: dict) -> float:
    """How many of the other objects share colour or shape with the named one: 1 to 3."""
    objects = layout["objects"]
    asked = objects[layout["target"]]
    return float(sum(item["colour"] == asked["colour"] or item["shape"] == asked["shape"] for item in objects) - 1)


def frame_drawn(row: int, column: int, share: np.ndarray) -> np.ndarray:
    """Coverage (frames, 64, 64) of a square frame of which the given share is drawn, clockwise from the top left."""
    x0, y0 = CELL * column + 0.0, CELL * row + 0.0
    x1, y1 = x0 + CELL, y0 + CELL
    side = [np.clip(share * 4 - k, 0, 1) * CELL for k in range(4)]
    zero = np.zeros_like(share)
    sides = [
        box(zero + x0, zero + y0, x0 + side[0], zero + y0 + THICK),
        box(zero + x1 - THICK, zero + y0, zero + x1, y0 + side[1]),
        box(x1 - side[2], zero + y1 - THICK, zero + x1, zero + y1),
        box(zero + x0, y1 - side[3], zero + x0 + THICK, zero + y1),
    ]
    return np.max(sides, axis=0)


def around(values: np.ndarray) -> np.ndarray:
    """Mean of per-pixel values (64, 64) where a frame around each cell would be: (4, 4)."""
    ring = np.ones((CELL, CELL), bool)
    ring[THICK:-THICK, THICK:-THICK] = False
    tiles = values.reshape(CELLS, CELL, CELLS, CELL).transpose(0, 2, 1, 3)
    return tiles[:, :, ring].mean(-1)


def frame_mass(frame: np.ndarray) -> np.ndarray:
    """Share of a black frame around each cell of one image (64, 64, 3): (4, 4) in [0, 1]."""
    return around(amount(frame, BLACK))


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    frame = video[-1].astype(np.float32)
    mass = frame_mass(frame)
    objects = layout["objects"]
    row, column = objects[layout["target"]]["cell"]
    named = float(mass[row, column])
    mass[row, column] = 0
    other = float(mass.max())
    if named > 0.6 and other < 0.25 and all(stands(frame, item) for item in objects):
        return 1.0
    return round(0.9 * named * (1 - other), 4)
