"""A ball is shot along its aim line, bounces off the walls and lands on a target: which one has to be worked out.

The black ball flies straight from the bottom row, its centre turning back at 5 pixels from the left and right edges,
and for the last quarter of the video it rests on the middle of one of the four squares of the top row. The grey line,
which stays, shows its first direction. There are at most two reflections, and the ball's centre crosses no other square
on its way. There are 172 flights, and a layout is one of them in four colours: the hash of the layout holds out colours
with a flight, so that no held-out case has a flight that training has not seen.

Score: 1.0 if in the last frame the ball stands on the right square and nowhere else (black on less than a fifth of its
area), the squares and the line stand in their colours and shapes with nothing beside them, and in the middle frame the
ball is within 5 pixels of its path, between a quarter and three quarters of the way. Otherwise partial credit, at most
0.9: 0.6 x (share of the ball on the right square) x (1 - black elsewhere, up to one ball) + 0.3 x (on its path in the
middle frame). The first frame scores 0.
"""

import numpy as np

from .canvas import (
    BACKGROUND,
    BLACK,
    CELL,
    CELLS,
    COLOURS,
    FRAMES,
    GREY,
    SHAPES,
    Puzzle,
    amount,
    blank,
    check_video,
    disc,
    edge,
    finish,
    middles,
    paint,
    shape,
    times,
)
from .flights import BOTTOM, FLIGHTS, LINE_TO, REFLECTIONS, TARGETS, TOP, path, reflections, target

KIND = "unique"
CATEGORY = "Knowledge"
PROMPTS = (
    "the ball bounces off the walls and hits a target",
    "shoot the ball along the line and see which target it hits",
    "the ball flies along the line until it lands on a square",
)
BALL, HALF = 3.5, 5.0
LINE_FROM, LINE_HALF = 4.5, 1.0
AREA = np.pi * BALL**2
DARK, INK, LITTLE = 0.6, 80, 0.2
LANDED = 12 / (FRAMES - 1)  # when the ball lands, as a share of the video


def generate(seed: int) -> Puzzle:
    """Four colours, a target and a number of reflections, and any flight that comes to that."""
    rng = np.random.default_rng(seed)
    colours = [str(name) for name in rng.choice(list(COLOURS), CELLS, replace=False)]
    flights = FLIGHTS[int(rng.integers(REFLECTIONS + 1)), int(rng.integers(CELLS))]
    start, across = flights[rng.integers(len(flights))]
    layout = {"targets": colours, "start": start, "across": across}
    return Puzzle(PROMPTS[rng.integers(len(PROMPTS))], render(layout, across), layout)


def line(layout: dict) -> np.ndarray:
    """Coverage (64, 64) of the aim line."""
    x, y = layout["start"], BOTTOM
    length = np.hypot(layout["across"], TOP - BOTTOM)
    ux, uy = layout["across"] / length, (TOP - BOTTOM) / length
    dx, dy = middles().astype(float) - x, (middles().astype(float) - y)[:, None]
    along, off = dx * ux + dy * uy, np.abs(dx * uy - dy * ux)
    return edge(LINE_HALF - off) * edge(np.minimum(along - LINE_FROM, LINE_TO - along))


def render(layout: dict, across: int) -> np.ndarray:
    """The video in which the ball flies ``across`` from its start, whatever the aim line says."""
    video = blank()
    for x, colour in zip(TARGETS, layout["targets"], strict=True):
        paint(video, shape("square", x, TOP, HALF), COLOURS[colour])
    paint(video, line(layout), GREY)
    flown = np.clip(times() / LANDED, 0, 1)
    paint(video, disc(*path(layout["start"], across, flown), BALL), BLACK)
    return finish(video)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The ball flying to each square, by the square's colour: its true flight, and straight flights to the others."""
    right = target(layout)
    return {
        f"{colour} square": render(layout, layout["across"] if column == right else TARGETS[column] - layout["start"])
        for column, colour in enumerate(layout["targets"])
    }


def difficulty(layout: dict) -> float:
    """Number of reflections."""
    return float(reflections(layout))


def _half_way(frame: np.ndarray, layout: dict) -> bool:
    """Whether one ball is seen, near its path and well between its ends."""
    black = amount(frame, BLACK)
    y, x = np.nonzero(black > DARK)
    if not 0.4 < len(x) / AREA < 1.6:
        return False
    ball_x, ball_y = x.mean() + 0.5, y.mean() + 0.5
    in_one = np.hypot(x + 0.5 - ball_x, y + 0.5 - ball_y) < BALL + 2
    path_x, path_y = path(layout["start"], layout["across"], np.linspace(0.25, 0.75, 101))
    return bool(in_one.mean() > 0.8 and np.hypot(path_x - ball_x, path_y - ball_y).min() < 5)


def _halved(picture: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels (..., channels): what H.264 keeps of colour."""
    height, width, channels = picture.shape
    return picture.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3))


UNDER_BALL = _halved(disc(TOP, TOP, BALL + 1)[:CELL, :CELL, None]) > 0
TEMPLATES = {
    (name, colour): _halved(shape(name, TOP, TOP, HALF)[:CELL, :CELL, None] * (value - BACKGROUND))
    for name in SHAPES
    for colour, value in COLOURS.items()
}


def _stands(frame: np.ndarray, column: int, colour: str, hit: bool) -> bool:
    """Whether nothing fits a cell of the top row better than a square of that colour, if hit but for its middle."""
    counts = ~(UNDER_BALL & hit)
    pixels = _halved(frame[:CELL, CELL * column : CELL * (column + 1)] - BACKGROUND)
    errors = {kind: (counts * (pixels - template) ** 2).sum() for kind, template in TEMPLATES.items()}
    square = ("square", colour)
    whole = (counts * TEMPLATES[square] ** 2).sum()
    return min(errors, key=errors.get) == square and bool(errors[square] < 0.4 * whole)


def _tidy(frame: np.ndarray, layout: dict) -> bool:
    """Whether the squares and the line stand and nothing is beside them."""
    beside = line(layout) == 0
    for x in TARGETS:
        beside &= shape("square", x, TOP, HALF + 1) == 0
    aim = amount(frame, GREY)[line(layout) > 0.7].mean()
    ink = (np.linalg.norm(frame - BACKGROUND, axis=-1) > INK) & beside
    right = target(layout)
    squares = all(_stands(frame, column, colour, column == right) for column, colour in enumerate(layout["targets"]))
    return bool(squares and aim > 0.4 and ink.sum() < LITTLE * AREA)


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    middle, last = (video[i].astype(np.float32) for i in (len(video) // 2, -1))
    column = target(layout)
    x, colour = TARGETS[column], COLOURS[layout["targets"][column]]
    there = float(amount(last[disc(x, TOP, BALL - 1) > 0.5], BLACK, over=colour).mean())
    elsewhere = min(1.0, float((amount(last, BLACK)[disc(x, TOP, BALL + 1) == 0] > DARK).sum() / AREA))
    half_way = _half_way(middle, layout)
    if there > 0.6 and elsewhere < LITTLE and half_way and _tidy(last, layout):
        return 1.0
    return round(0.6 * there * (1 - elsewhere) + 0.3 * half_way, 4)
