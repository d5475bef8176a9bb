"""Find the named object, then move it: two steps that have to come one after the other.

Four objects as in grounding and a hollow grey box stand in cells of the board. In the first third of the video a black
frame is drawn clockwise around the named object; then the object moves straight into the box, where it rests for the
last quarter, and the frame stays behind.

Score: 1.0 if, a third into the video, the frame stands around the named object, around no other cell, and all objects
are in their cells; and if in the last frame the named object is in the box in its colour and shape and nowhere else,
while the frame, the box and the other objects stand. Otherwise partial credit, at most 0.9: 0.4 x (share of the frame
around the named object a third into the video) x (1 - the largest share around another cell) + 0.5 x (the object's
colour in the box) x (1 - its colour still in its old cell), of the last frame. The first frame scores 0.
"""

import numpy as np

from .canvas import (
    BLACK,
    CELLS,
    COLOURS,
    FRAMES,
    GREY,
    Puzzle,
    amount,
    blank,
    centre,
    check_video,
    finish,
    frames,
    paint,
    shape,
    times,
)
from .grounding import around, difficulty, draw_objects, frame_drawn, frame_mass
from .objects import RADIUS, put, seen, stands, strewn

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "score"]

KIND = "unique"
CATEGORY = "Transformation"
PROMPTS = (
    "find the {colour} {shape} and then move it into the box",
    "mark the {colour} {shape} and then move it into the box",
    "draw a frame around the {colour} {shape} and then move it into the box",
)
# When the frame is whole and the object sets off, and when it arrives, as shares of the video.
FOUND, ARRIVED = 5 / (FRAMES - 1), 12 / (FRAMES - 1)
CLEAR = 11.0  # the named object's way keeps this far from the middles of the others: it hides none of them


def generate(seed: int) -> Puzzle:
    """Objects as in grounding and a box in another cell, to which nothing stands in the named object's way."""
    rng = np.random.default_rng(seed)
    boxes: list[list[int]] = []
    while not boxes:
        objects = draw_objects(rng)
        asked, *others = objects
        taken = [item["cell"] for item in objects]
        free = [[row, column] for row in range(CELLS) for column in range(CELLS) if [row, column] not in taken]
        boxes = [cell for cell in free if all(_distance(asked["cell"], cell, o["cell"]) > CLEAR for o in others)]
    box = boxes[rng.integers(len(boxes))]
    objects = sorted(objects, key=lambda item: item["cell"])
    layout = {"objects": objects, "target": objects.index(asked), "box": box}
    prompt = PROMPTS[rng.integers(len(PROMPTS))].format(**asked)
    return Puzzle(prompt, _render(layout, layout["target"]), layout)


def _distance(start: list[int], end: list[int], cell: list[int]) -> float:
    """How near the straight way from cell to cell comes to the middle of another, in pixels."""
    a, b, c = (np.array([centre(part) for part in place]) for place in (start, end, cell))
    along = np.clip((c - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    return float(np.linalg.norm(a + along * (b - a) - c))


def _render(layout: dict, target: int) -> np.ndarray:
    """The video in which ``objects[target]`` is framed and moved."""
    time = times()
    video = blank()
    paint(video, frame_drawn(*layout["box"], np.ones(frames())), GREY)
    for item in layout["objects"][:target] + layout["objects"][target + 1 :]:
        put(video, item)
    asked = layout["objects"][target]
    paint(video, frame_drawn(*asked["cell"], np.clip(time / FOUND, 0, 1)), BLACK)
    moved = np.clip((time - FOUND) / (ARRIVED - FOUND), 0, 1)
    y, x = (centre(a) + moved * (centre(b) - centre(a)) for a, b in zip(asked["cell"], layout["box"], strict=True))
    paint(video, shape(asked["shape"], x, y, RADIUS), COLOURS[asked["colour"]])
    return finish(video)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """Each object found and moved, by its colour and shape."""
    return {f"{item['colour']} {item['shape']}": _render(layout, i) for i, item in enumerate(layout["objects"])}


def _framed(frame: np.ndarray, layout: dict) -> tuple[float, float]:
    """Share of a black frame around the named object's cell, and the largest around another."""
    mass = frame_mass(frame)
    box = tuple(layout["box"])
    mass[box] = around(amount(frame, BLACK, over=GREY))[box]  # the box is no frame
    cell = tuple(layout["objects"][layout["target"]]["cell"])
    named = float(mass[cell])
    mass[cell] = 0
    return named, float(mass.max())


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    third, last = (video[i].astype(np.float32) for i in (round(FOUND * (len(video) - 1)), -1))
    objects = layout["objects"]
    asked = objects[layout["target"]]
    others = [item for item in objects if item is not asked]
    moved = {**asked, "cell": layout["box"]}
    named, wrong = _framed(third, layout)
    found = named > 0.5 and wrong < 0.25 and all(stands(third, item) for item in objects)
    kept, wrong_last = _framed(last, layout)
    boxed = around(amount(last, GREY))[tuple(layout["box"])] > 0.6
    scene = kept > 0.6 and wrong_last < 0.25 and boxed and all(stands(last, item) for item in others)
    arrived, left = seen(last, moved), seen(last, asked)
    if found and scene and left < 0.2 and stands(last, moved) and not strewn(last, moved, others):
        return 1.0
    return round(0.4 * named * (1 - wrong) + 0.5 * arrived * (1 - left), 4)
