"""Mark the object that the prompt names: the same first frame with another prompt has another answer.

Four objects, no two alike in both colour and shape, stand in cells of the board; a black frame is drawn clockwise
around the named one.

Score, from the last frame: 1.0 if the frame stands around the named object and no other cell carries one (a quarter of
a frame counts), and every object is still there in its colour and shape. Otherwise partial credit, at most 0.9:
0.9 x (share of the frame around the named object) x (1 - the largest share around another cell). The first frame
scores 0.
"""

import numpy as np

from .canvas import (
    BLACK,
    CELL,
    CELLS,
    COLOURS,
    FRAMES,
    SHAPES,
    Puzzle,
    amount,
    best_shape,
    blank,
    box,
    centre,
    check_video,
    finish,
    paint,
    shape,
)

KIND = "unique"
OBJECTS = 4
RADIUS = 4.5
THICK = 2


def _object(rng: np.random.Generator) -> tuple[str, str]:
    return str(rng.choice(list(COLOURS))), str(rng.choice(SHAPES))


def prompt(colour: str, name: str) -> str:
    """The words that ask for one object."""
    return f"mark the {colour} {name}"


def generate(seed: int) -> Puzzle:
    """Four objects in random cells, one of them named; one other at least shares its colour or its shape."""
    rng = np.random.default_rng(seed)
    cells = rng.choice(CELLS * CELLS, OBJECTS, replace=False)
    while True:
        kinds = [_object(rng) for _ in range(OBJECTS)]
        shared = any(kind[0] == kinds[0][0] or kind[1] == kinds[0][1] for kind in kinds[1:])
        if len(set(kinds)) == OBJECTS and shared:
            break
    objects = [
        {"colour": colour, "shape": name, "cell": [int(cell) // CELLS, int(cell) % CELLS]}
        for (colour, name), cell in zip(kinds, cells, strict=True)
    ]
    return make(objects, target=0)


def make(objects: list[dict], target: int) -> Puzzle:
    """A puzzle that asks for ``objects[target]``; each object has colour, shape and cell (row, column)."""
    video = blank()
    for item in objects:
        row, column = item["cell"]
        paint(video, shape(item["shape"], centre(column), centre(row), RADIUS), COLOURS[item["colour"]])
    asked = objects[target]
    paint(video, _frame_drawn(*asked["cell"], np.linspace(0, 1, FRAMES)), BLACK)
    layout = {"objects": objects, "target": target}
    return Puzzle(prompt(asked["colour"], asked["shape"]), finish(video), layout)


def _frame_drawn(row: int, column: int, share: np.ndarray) -> np.ndarray:
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


def frame_mass(frame: np.ndarray) -> np.ndarray:
    """Share of a black frame around each cell of one image (64, 64, 3): (4, 4) in [0, 1]."""
    dark = amount(frame, BLACK)
    ring = np.ones((CELL, CELL), bool)
    ring[THICK:-THICK, THICK:-THICK] = False
    tiles = dark.reshape(CELLS, CELL, CELLS, CELL).transpose(0, 2, 1, 3)
    return tiles[:, :, ring].mean(-1)


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
    if named > 0.6 and other < 0.25 and all(_stands(frame, item) for item in objects):
        return 1.0
    return round(0.9 * named * (1 - other), 4)


def _stands(frame: np.ndarray, item: dict) -> bool:
    y, x = (centre(cell) for cell in item["cell"])
    middle = frame[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
    colour = COLOURS[item["colour"]]
    return amount(middle, colour).mean() > 0.4 and best_shape(frame, colour, x, y, RADIUS) == item["shape"]
