"""An object goes to the post and comes back: where it was has to be kept while it is elsewhere.

The post stands at an end of the object's row or column. The object moves straight to the cell beside it, arrives in
the middle frame, at whose touch the grey post turns black, and is back in its starting cell in the last frame. One or
two bystanders stand off the line.

Score: 1.0 if in the middle frame the object's colour is beside the post and not at its start, and in the last frame
the object stands at its start in its colour and shape, the post is black, the bystanders stand and all other cells are
empty. Otherwise partial credit, at most 0.9, from away = (its colour beside the post) x (1 - its colour at the start)
in the middle frame: 0.3 x away + 0.2 x (post black at the end) + 0.4 x away x (in the last frame the object is at its
start and the cell beside the post is as it was). The first frame scores 0.
"""

import numpy as np

from .canvas import (
    BLACK,
    CELL,
    CELLS,
    COLOURS,
    GREY,
    SHAPES,
    Puzzle,
    amount,
    blank,
    box,
    centre,
    check_video,
    finish,
    frames,
    paint,
    shape,
)
from .cells import NOTHING, Kind, read

KIND = "unique"
CATEGORY = "Transformation"
PROMPTS = (
    "the {colour} {shape} moves to the post and back to where it was",
    "the {colour} {shape} touches the post and comes back to its place",
    "move the {colour} {shape} to the post and back again",
)
RADIUS = 6.0
POST = 8  # thickness of the post: the half of its cell on the object's side
DISTANCES = (1, 2)  # cells from the start to the cell beside the post
BYSTANDERS = (1, 2)


def generate(seed: int) -> Puzzle:
    """An object, a post one or two cells beyond its next one, and bystanders of other kinds off their line."""
    rng = np.random.default_rng(seed)
    index, upright, backwards = int(rng.integers(CELLS)), bool(rng.integers(2)), bool(rng.integers(2))
    line = [[place, index] if upright else [index, place] for place in range(CELLS)]
    if backwards:
        line = line[::-1]
    free = [[row, column] for row in range(CELLS) for column in range(CELLS) if [row, column] not in line]
    others = int(rng.choice(BYSTANDERS))
    kinds = [(colour, name) for colour in COLOURS for name in SHAPES]
    (colour, name), *rest = (kinds[i] for i in rng.choice(len(kinds), 1 + others, replace=False))
    cells = sorted(free[i] for i in rng.choice(len(free), others, replace=False))
    layout = {
        "object": {"colour": colour, "shape": name, "cell": line[1 + int(rng.choice(DISTANCES))]},
        "post": line[0],
        "bystanders": [
            {"colour": colour, "shape": name, "cell": cell} for (colour, name), cell in zip(rest, cells, strict=True)
        ],
    }
    words = PROMPTS[rng.integers(len(PROMPTS))].format(colour=colour, shape=name)
    return Puzzle(words, render(layout, 0), layout)


def _way(layout: dict) -> tuple[np.ndarray, np.ndarray, int]:
    """The object's starting cell, the step of one cell towards the post, and the number of steps to beside it."""
    start, post = np.array(layout["object"]["cell"]), np.array(layout["post"])
    step = np.sign(post - start)
    return start, step, int(np.abs(post - start).sum()) - 1


def _post(layout: dict) -> np.ndarray:
    """Coverage of the post: the half of its cell that the object touches."""
    _, step, _ = _way(layout)
    low = np.array(layout["post"]) * CELL + np.where(step < 0, CELL - POST, 0)
    high = low + np.where(step == 0, CELL, POST)
    return box(low[1], low[0], high[1], high[0])


def render(layout: dict, end: float) -> np.ndarray:
    """The video in which the object ends ``end`` cells from its start towards the post, evenly out and evenly back."""
    video = blank()
    for item in layout["bystanders"]:
        row, column = item["cell"]
        paint(video, shape(item["shape"], centre(column), centre(row), RADIUS), COLOURS[item["colour"]])
    middle = frames() // 2
    paint(video[:middle], _post(layout), GREY)
    paint(video[middle:], _post(layout), BLACK)
    start, step, distance = _way(layout)
    gone = np.interp(np.arange(frames()), (0, middle, frames() - 1), (0, distance, end))
    y, x = (centre(start[axis] + gone * step[axis]) for axis in (0, 1))
    item = layout["object"]
    paint(video, shape(item["shape"], x, y, RADIUS), COLOURS[item["colour"]])
    return finish(video)


def _seen(frame: np.ndarray, cell: np.ndarray, colour: str) -> float:
    """How much of a colour is in the middle of a cell."""
    y, x = (int(centre(value)) for value in cell)
    return float(amount(frame[y - 3 : y + 3, x - 3 : x + 3], COLOURS[colour]).mean())


def _kind(item: dict) -> Kind:
    return item["colour"], item["shape"], RADIUS


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    middle, last = (video[i].astype(np.float32) for i in (len(video) // 2, -1))
    item, (start, step, distance) = layout["object"], _way(layout)
    there, left = (_seen(middle, cell, item["colour"]) for cell in (start + distance * step, start))
    post = _post(layout)
    touched = amount(last[post > 0], BLACK).mean() > 0.6
    standing = {tuple(thing["cell"]): _kind(thing) for thing in [item, *layout["bystanders"]]}
    right = {
        (row, column): read(last, (row, column), (RADIUS,)) == standing.get((row, column), NOTHING)
        for row in range(CELLS)
        for column in range(CELLS)
        if [row, column] != layout["post"]
    }
    if there > 0.5 and left < 0.2 and touched and all(right.values()):
        return 1.0
    away, back = there * (1 - left), right[tuple(start)] and right[tuple(start + distance * step)]
    return round(0.3 * away + 0.2 * bool(touched) + 0.4 * away * back, 4)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """Where the object may end after it touched the post."""
    start, step, distance = _way(layout)
    ends = {"back at the start": 0, "at the post": distance, "half-way back": distance / 2}
    if min(start - step) >= 0 and max(start - step) < CELLS:
        ends["beyond the start"] = -1
    return {name: render(layout, end) for name, end in ends.items()}


def difficulty(layout: dict) -> float:
    """Distance from the start to the cell beside the post, in cells."""
    return float(_way(layout)[2])
