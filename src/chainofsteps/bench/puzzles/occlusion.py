"""Two objects pass behind a bar and come out on the other side: what is hidden has to be remembered.

Both are wholly hidden half-way, so what comes out (colour, shape, row, side) is nowhere in the frames between.

Score: 1.0 if in the last frame both objects stand at the far end of their rows in their colour and shape, their
starting places are empty, the bar stands, and in the middle frame neither is seen. Otherwise partial credit, at most
0.9: 0.9 x mean over objects of (there in its colour) x (1 - still at the start). The first frame scores 0.

Frames between first, middle and last are not looked at, nor rows without an object.
"""

import numpy as np

from .canvas import (
    CELLS,
    COLOURS,
    GREY,
    SHAPES,
    SIZE,
    Puzzle,
    amount,
    best_shape,
    blank,
    box,
    centre,
    check_video,
    finish,
    frames,
    paint,
    shape,
)

KIND = "unique"
CATEGORY = "Perception"
PROMPTS = (
    "the objects pass behind the bar and come out on the other side",
    "both objects move behind the bar and come out across from where they were",
    "the two objects cross to the other side behind the bar",
)
RADIUS = 5.0
NEAR, FAR = centre(0), centre(CELLS - 1)
BAR_WIDTHS = (20, 24, 28)
BAR_SHIFTS = (-2, 0, 2)  # of the bar's middle from the picture's: both objects are wholly hidden half-way


def generate(seed: int) -> Puzzle:
    """Two objects of different colour in different rows, each from the left or from the right."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(CELLS, 2, replace=False)
    colours = rng.choice(list(COLOURS), 2, replace=False)
    objects = [
        {
            "colour": str(colour),
            "shape": str(rng.choice(SHAPES)),
            "row": int(row),
            "from_left": bool(rng.integers(2)),
        }
        for colour, row in zip(colours, sorted(rows), strict=True)
    ]
    width = int(rng.choice(BAR_WIDTHS))
    start = (SIZE - width) // 2 + int(rng.choice(BAR_SHIFTS))
    layout = {"objects": objects, "bar": [start, start + width]}
    return Puzzle(PROMPTS[rng.integers(len(PROMPTS))], _render(layout), layout)


def _ends(item: dict) -> tuple[float, float]:
    return (NEAR, FAR) if item["from_left"] else (FAR, NEAR)


def _render(layout: dict) -> np.ndarray:
    video = blank()
    for item in layout["objects"]:
        x = np.linspace(*_ends(item), frames())
        y = np.full(frames(), centre(item["row"]))
        paint(video, shape(item["shape"], x, y, RADIUS), COLOURS[item["colour"]])
    start, end = layout["bar"]
    paint(video, box(start, 0, end, SIZE), GREY)
    return finish(video)


def _seen(frame: np.ndarray, item: dict, x: float) -> float:
    y, x = int(centre(item["row"])), int(x)
    return float(amount(frame[y - 3 : y + 3, x - 3 : x + 3], COLOURS[item["colour"]]).mean())


def _shape(frame: np.ndarray, item: dict) -> str:
    return best_shape(frame, COLOURS[item["colour"]], _ends(item)[1], centre(item["row"]), RADIUS)


def _hidden(frame: np.ndarray, item: dict) -> bool:
    """Whether an object's colour is nowhere in its row."""
    y = int(centre(item["row"]))
    area = (amount(frame[y - 5 : y + 5], COLOURS[item["colour"]]) > 0.5).sum()
    return bool(area < 0.2 * (2 * RADIUS) ** 2)


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    middle, last = (video[i].astype(np.float32) for i in (len(video) // 2, -1))
    objects = layout["objects"]
    there = [_seen(last, item, _ends(item)[1]) for item in objects]
    start = [_seen(last, item, _ends(item)[0]) for item in objects]
    bar = amount(last[:, layout["bar"][0] + 2 : layout["bar"][1] - 2], GREY).mean() > 0.6
    hidden = all(_hidden(middle, item) for item in objects)
    same = all(_shape(last, item) == item["shape"] for item in objects)
    if min(there) > 0.5 and same and max(start) < 0.2 and bar and hidden:
        return 1.0
    return round(0.9 * float(np.mean([t * (1 - s) for t, s in zip(there, start, strict=True)])), 4)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """What may come out: the objects as they were, or their colours, their shapes or both exchanged behind the bar."""
    first, second = layout["objects"]
    right = _render(layout)
    videos = {"as they were": right}
    exchanges = {"colours exchanged": ["colour"]}
    if first["shape"] != second["shape"]:
        exchanges |= {"shapes exchanged": ["shape"], "places exchanged": ["colour", "shape"]}
    for name, parts in exchanges.items():
        objects = [
            {**item, **{part: other[part] for part in parts}} for item, other in ((first, second), (second, first))
        ]
        after = _render({**layout, "objects": objects})
        half = len(right) // 2
        videos[name] = np.concatenate([right[:half], after[half:]])
    return videos


def difficulty(layout: dict) -> float:
    """1, and 1 more each if the two differ in shape (two properties to remember) and if they cross behind the bar."""
    first, second = layout["objects"]
    return 1.0 + (first["shape"] != second["shape"]) + (first["from_left"] != second["from_left"])
