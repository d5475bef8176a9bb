"""Move an object to the named shelf: up to four are free, and the ways to them part at once.

Four shelves hang at the right, grey or black boards under the last cells of the rows; on up to two of them an object
stands already. Another object moves from the left edge straight to a shelf and stands on it in the last frame.

Score, from the last frame: 1.0 if the object stands on the named shelf in its colour and shape and is nowhere else, not
on another shelf nor at its start, and the other objects and the boards stand. Otherwise partial credit, at most 0.9:
0.9 x (its colour on the named shelf) x (1 - the most of its colour on another free shelf or at its start). The first
frame scores 0.
"""

import numpy as np

from .canvas import (
    BLACK,
    CELL,
    CELLS,
    COLOURS,
    GREY,
    SHAPES,
    SIZE,
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
from .objects import put, seen, stands, strewn

KIND = "unique"
CATEGORY = "Spatiality"
PROMPTS = (
    "move the {colour} {shape} to the {level} shelf",
    "put the {colour} {shape} on the {level} shelf",
    "the {colour} {shape} goes to the {level} shelf",
)
LEVELS = ("top", "upper", "lower", "bottom")
BOARDS = {"grey": GREY, "black": BLACK}
THICK = 2
RADIUS = CELL / 2 - THICK  # in the middle of its cell an object stands on the board
LAST = CELLS - 1


def generate(seed: int) -> Puzzle:
    """A scene and one of its free shelves, which the prompt names."""
    rng = np.random.default_rng(seed)
    layout = draw_scene(rng)
    layout["level"] = int(rng.choice(free(layout)))
    prompt = PROMPTS[rng.integers(len(PROMPTS))]
    words = prompt.format(**layout["object"], level=LEVELS[layout["level"]])
    return Puzzle(words, render(layout, layout["level"]), layout)


def draw_scene(rng: np.random.Generator) -> dict:
    """The layout's picture: the object, 0 to 2 bystanders of other kinds on shelves, and the boards' colours."""
    kinds = [(colour, name) for colour in COLOURS for name in SHAPES]
    shelves = sorted(rng.choice(CELLS, rng.integers(3), replace=False))
    chosen = rng.choice(len(kinds), 1 + len(shelves), replace=False)
    cells = [[int(rng.integers(CELLS)), 0]] + [[int(row), LAST] for row in shelves]
    item, *bystanders = (
        {"colour": kinds[kind][0], "shape": kinds[kind][1], "cell": cell, "radius": RADIUS}
        for kind, cell in zip(chosen, cells, strict=True)
    )
    boards = [str(name) for name in rng.choice(list(BOARDS), CELLS)]
    return {"object": item, "bystanders": bystanders, "boards": boards}


def free(layout: dict) -> list[int]:
    """The shelves on which nothing stands, from the top."""
    taken = [item["cell"][0] for item in layout["bystanders"]]
    return [level for level in range(CELLS) if level not in taken]


def _board(level: int) -> tuple[int, int, int, int]:
    return CELL * LAST, CELL * (level + 1) - THICK, SIZE, CELL * (level + 1)


def render(layout: dict, level: int) -> np.ndarray:
    """The video in which the object moves straight to a shelf, at constant speed."""
    video = blank()
    for place, name in enumerate(layout["boards"]):
        paint(video, box(*_board(place)), BOARDS[name])
    for item in layout["bystanders"]:
        put(video, item)
    item = layout["object"]
    x = np.linspace(centre(0), centre(LAST), frames())
    y = np.linspace(centre(item["cell"][0]), centre(level), frames())
    paint(video, shape(item["shape"], x, y, RADIUS), COLOURS[item["colour"]])
    return finish(video)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The object on each free shelf, by the name of its level."""
    return {LEVELS[level]: render(layout, level) for level in free(layout)}


def difficulty(layout: dict) -> float:
    """How many shelves are free: 2 to 4."""
    return float(len(free(layout)))


def _board_stands(frame: np.ndarray, level: int, name: str) -> bool:
    """Whether a board is there in its own of the two colours; grey reads as half black, and a blur takes from both."""
    x0, y0, x1, y1 = _board(level)
    dark = float(amount(frame[y0:y1, x0:x1], BLACK).mean())
    return dark > 0.55 if name == "black" else 0.2 < dark < 0.55


def score_on(video: np.ndarray, layout: dict, right: list[int]) -> float:
    """Score of a video if each of the shelves ``right`` is; the one that carries most of the object's colour counts."""
    check_video(video)
    frame = video[-1].astype(np.float32)
    item, bystanders = layout["object"], layout["bystanders"]
    moved = {level: {**item, "cell": [level, LAST]} for level in free(layout)}
    level = max(right, key=lambda level: seen(frame, moved[level]))
    arrived = moved.pop(level)
    wrong = max(seen(frame, place) for place in (item, *moved.values()))
    alone = wrong < 0.2 and not strewn(frame, arrived, bystanders)
    boards = all(_board_stands(frame, place, name) for place, name in enumerate(layout["boards"]))
    if alone and boards and all(stands(frame, other) for other in (arrived, *bystanders)):
        return 1.0
    return round(0.9 * seen(frame, arrived) * (1 - wrong), 4)


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    return score_on(video, layout, [layout["level"]])
