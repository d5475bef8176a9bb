"""A chain whose length can be dialled: every cell points to a neighbour, and the disc belongs where its chain ends.

A board of 6 x 6 cells. Three cells hold a square each, green, yellow and purple; every other cell holds a blue line
from its middle to the edge that it shares with the cell it points to. Whoever follows the lines from the red disc's
cell reaches a square after 1 to 12 moves. In the true video the disc glides there in a straight line, so the frames do
not spell the chain: only whoever follows it knows the square.

The control has the same pictures and the same videos; its prompt names the square, so that its answer needs no chain.

Score, from the last frame: 1.0 if the disc is on the right square and nowhere else, a line of some colour stands where
each stood and the other squares are there; 0.5 if only the disc is right; else 0. The first frame scores 0.
"""

from collections import Counter

import numpy as np

from .canvas import (
    BACKGROUND,
    CELL,
    COLOURS,
    Puzzle,
    amount,
    blank,
    box,
    centre,
    check_video,
    disc,
    finish,
    frames,
    paint,
)

KIND = "unique"
CATEGORY = "Abstraction"
PROMPTS = ("move the red disc along the line",)
SIZE = 6
SIDE = CELL * SIZE
LENGTHS = range(1, 13)
SQUARES = ("green", "yellow", "purple")
DISC, LINE = COLOURS["red"], COLOURS["blue"]
LINE_HALF, SQUARE_HALF, DISC_RADIUS = 2.0, 6.0, 5.0
INK = 50  # distance from the background at which a pixel is part of a line: the VAE keeps the lines, not their colour
ARRIVED = 0.75  # share of the video after which the disc rests

Cell = tuple[int, int]


def neighbours(cell: Cell) -> list[Cell]:
    """The cells of the board that share an edge with a cell."""
    row, column = cell
    beside = [(row, column + 1), (row + 1, column), (row, column - 1), (row - 1, column)]
    return [(r, c) for r, c in beside if 0 <= r < SIZE and 0 <= c < SIZE]


NEIGHBOURS = {(row, column): neighbours((row, column)) for row in range(SIZE) for column in range(SIZE)}


def forest(rng: np.random.Generator, roots: list[Cell]) -> tuple[dict[Cell, Cell], dict[Cell, int]]:
    """(the cell that each other cell points to, and its moves to a root): a random spanning forest of deep trees.

    The trees grow by turns, so that the size of a tree tells little.
    """
    points: dict[Cell, Cell] = {}
    moves = dict.fromkeys(roots, 0)
    trees = [[root] for root in roots]
    draws = iter(rng.random(40 * SIZE**2).tolist())
    while trees:
        growing = trees[int(next(draws) * len(trees))]
        # mostly from the newest cell, so that chains grow long
        cell = growing[-1 if next(draws) < 0.8 else int(next(draws) * len(growing))]
        free = [other for other in NEIGHBOURS[cell] if other not in moves]
        if free:
            other = free[int(next(draws) * len(free))]
            points[other], moves[other] = cell, moves[cell] + 1
            growing.append(other)
        else:
            growing.remove(cell)
            trees = [tree for tree in trees if tree]
    return points, moves


def chain(points: dict[Cell, Cell], start: Cell) -> list[Cell]:
    """The cells from the start to the square, both among them."""
    cells = [start]
    while cells[-1] in points:
        cells.append(points[cells[-1]])
    return cells


def drawn(seed: int, prompt_of) -> Puzzle:
    """A board with a chain of a length that the seed draws; `prompt_of(rng, colour)` gives the prompt.

    On half of the boards at least as many lines lead to another square as to the right one, so that the square with
    most lines is no good guess.
    """
    rng = np.random.default_rng(seed)
    length = int(rng.choice(LENGTHS))
    cells = list(NEIGHBOURS)
    outgrown = bool(rng.random() < 0.5)
    while True:
        roots = [cells[i] for i in rng.choice(len(cells), len(SQUARES), replace=False)]
        points, moves = forest(rng, roots)
        far = [cell for cell in points if moves[cell] == length]
        if not far:
            continue
        start = far[rng.integers(len(far))]
        sizes = Counter(chain(points, cell)[-1] for cell in points)
        goal = chain(points, start)[-1]
        if (max(sizes[root] for root in roots if root != goal) >= sizes[goal]) == outgrown:
            break
    layout = {
        "points": [[list(cell), list(points[cell])] for cell in sorted(points)],
        "squares": [list(root) for root in roots],
        "start": list(start),
        "goal": roots.index(goal),
    }
    return Puzzle(prompt_of(rng, SQUARES[layout["goal"]]), render(layout, layout["goal"]), layout)


def generate(seed: int) -> Puzzle:
    """A board whose chain has 1 to 12 moves, each length as often as the others."""
    return drawn(seed, lambda rng, colour: PROMPTS[0])


def _scene(layout: dict) -> np.ndarray:
    video = blank(side=SIDE)
    for cell, other in layout["points"]:
        paint(video, box(*_line(cell, other), SIDE), LINE)
    for (row, column), colour in zip(layout["squares"], SQUARES, strict=True):
        x, y = centre(column), centre(row)
        square = box(x - SQUARE_HALF, y - SQUARE_HALF, x + SQUARE_HALF, y + SQUARE_HALF, SIDE)
        paint(video, square, COLOURS[colour])
    return video


def _line(cell, other) -> tuple[float, float, float, float]:
    """Corners of the line from a cell's middle to its edge with another."""
    x, y = centre(cell[1]), centre(cell[0])
    ex, ey = (x + centre(other[1])) / 2, (y + centre(other[0])) / 2
    along_x = cell[0] == other[0]
    dx, dy = (0.0, LINE_HALF) if along_x else (LINE_HALF, 0.0)
    return min(x, ex) - dx, min(y, ey) - dy, max(x, ex) + dx, max(y, ey) + dy


def render(layout: dict, goal: int) -> np.ndarray:
    """The video (17, 96, 96, 3) in which the disc glides to square number `goal` in a straight line and rests there."""
    video = _scene(layout)
    (r0, c0), (r1, c1) = layout["start"], layout["squares"][goal]
    progress = np.clip(np.linspace(0, 1 / ARRIVED, frames()), 0, 1)
    x, y = centre(c0) + progress * (centre(c1) - centre(c0)), centre(r0) + progress * (centre(r1) - centre(r0))
    paint(video, disc(x, y, DISC_RADIUS, SIDE), DISC)
    return finish(video)


def difficulty(layout: dict) -> float:
    """Moves from the start to the square."""
    points = {tuple(cell): tuple(other) for cell, other in layout["points"]}
    return float(len(chain(points, tuple(layout["start"]))) - 1)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The video (17, 96, 96, 3) of the disc going to each square, by the square's colour."""
    return {colour: render(layout, number) for number, colour in enumerate(SQUARES)}


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 96, 96, 3) uint8 by the rule above."""
    check_video(video, SIDE)
    frame = video[-1].astype(np.float32)
    red = amount(frame, DISC) > 0.5
    row, column = layout["squares"][layout["goal"]]
    cell = np.zeros_like(red)
    cell[CELL * row : CELL * (row + 1), CELL * column : CELL * (column + 1)] = True
    full = np.pi * DISC_RADIUS**2
    if not (red & cell).sum() > 0.6 * full or not (red & ~cell).sum() < 0.2 * full:
        return 0.0
    inked = np.linalg.norm(frame - BACKGROUND, axis=-1) > INK
    lines = []
    for one, other in layout["points"]:
        x0, y0, x1, y1 = (int(value) for value in _line(one, other))
        lines.append(inked[y0:y1, x0:x1].mean() > 0.3)
    squares = [
        (amount(frame, COLOURS[colour])[_inner(place)] > 0.4).mean() > 0.4
        for number, (place, colour) in enumerate(zip(layout["squares"], SQUARES, strict=True))
        if number != layout["goal"]
    ]
    return 1.0 if all(lines) and all(squares) else 0.5


def _inner(cell) -> tuple[slice, slice]:
    rim = int(CELL / 2 - SQUARE_HALF)
    return tuple(slice(CELL * k + rim, CELL * (k + 1) - rim) for k in cell)
