"""Turn a figure by a quarter turn, clockwise or counterclockwise.

The figure is three to five connected cells of a 3 x 3 grid about the middle of the picture, the middle one among them,
all of one colour but one, the mark. It turns rigidly and evenly about the middle. The mark is never the middle cell, so
that no turn leaves the figure as it was. A bystander stands in a corner of the picture and does not turn with it.

Score, from the last frame: 1.0 if every cell of the grid has the colour that it should have or shows the background,
the bystander stands, and nothing is beside them. Otherwise partial credit, at most 0.9: 0.9 x (share of the cells that
the turn changes that are as they should be), half of that if the mark is not where it should be. The first frame
scores 0.
"""

from functools import cache

import numpy as np

from .canvas import (
    BACKGROUND,
    CELL,
    CELLS,
    COLOURS,
    SHAPES,
    SIZE,
    Puzzle,
    amount,
    blank,
    centre,
    check_video,
    finish,
    frames,
    middles,
    paint,
    shape,
    unit,
)
from .cells import read

KIND = "unique"
CATEGORY = "Transformation"
PROMPTS = (
    "rotate the figure {direction} by a quarter turn",
    "turn the figure in the middle a quarter turn {direction}",
    "make a quarter turn {direction} with the figure",
)
DIRECTIONS = {1: "clockwise", 3: "counterclockwise"}  # by quarter turns clockwise
GRID = 3
SIDE = 12  # of a cell of the grid, pixels
LEFT = (SIZE - GRID * SIDE) // 2
MIDDLE = [GRID // 2, GRID // 2]
NUMBERS = range(3, 6)
BYSTANDER_RADIUS = 5.0
FINE = 3  # sub-pixels along each side of a pixel

_NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def _figure(rng: np.random.Generator) -> list[list[int]]:
    """Connected cells of the grid, grown one by one from the middle one."""
    cells = [MIDDLE]
    number = rng.choice(NUMBERS)
    while len(cells) < number:
        row, column = cells[rng.integers(len(cells))]
        down, right = _NEIGHBOURS[rng.integers(len(_NEIGHBOURS))]
        cell = [row + down, column + right]
        if cell not in cells and min(cell) >= 0 and max(cell) < GRID:
            cells.append(cell)
    return sorted(cells)


def draw_layout(rng: np.random.Generator, turns: tuple[int, ...]) -> dict:
    """A random figure, bystander and turn, the last in quarter turns clockwise."""
    cells = _figure(rng)
    markable = [cell for cell in cells if cell != MIDDLE]
    colours = [str(colour) for colour in rng.choice(list(COLOURS), 3, replace=False)]
    return {
        "cells": cells,
        "mark": markable[rng.integers(len(markable))],
        "colours": colours[:2],
        "bystander": {
            "colour": colours[2],
            "shape": str(rng.choice(SHAPES)),
            "cell": [int(value) * (CELLS - 1) for value in rng.integers(2, size=2)],
        },
        "turn": int(rng.choice(turns)),
    }


def generate(seed: int) -> Puzzle:
    """A random figure to be turned in either direction."""
    rng = np.random.default_rng(seed)
    layout = draw_layout(rng, tuple(DIRECTIONS))
    words = PROMPTS[rng.integers(len(PROMPTS))].format(direction=DIRECTIONS[layout["turn"]])
    return Puzzle(words, render(layout, layout["turn"]), layout)


def render(layout: dict, turn: int) -> np.ndarray:
    """The video that turns the figure by 0 to 3 quarter turns clockwise; three are one counterclockwise."""
    video = blank()
    bystander = layout["bystander"]
    row, column = bystander["cell"]
    cover = shape(bystander["shape"], centre(column), centre(row), BYSTANDER_RADIUS)
    paint(video, cover, COLOURS[bystander["colour"]])
    angles = np.linspace(0, np.pi / 2 * (turn if turn < 3 else turn - 4), frames())
    for frame, angle in zip(video, angles, strict=True):
        covers = _turned_cells(angle) if unit() == 1 else _cells_at(angle)
        for row, column in layout["cells"]:
            # Cells are added up, not laid over each other, so that no seam shows between two of them.
            frame += covers[row, column, ..., None] * (COLOURS[_colour(layout, [row, column])] - BACKGROUND)
    return finish(video)


def _colour(layout: dict, cell: list[int]) -> str:
    """The colour of one of the figure's cells."""
    return layout["colours"][cell == layout["mark"]]


def _cells_at(angle: float) -> np.ndarray:
    """Coverage (3, 3, pixels, pixels) of each cell of the grid turned by an angle: the share of sub-pixels that show
    it."""
    pixels = len(middles())
    at = (np.arange(pixels * FINE) + 0.5) / FINE / unit() - SIZE / 2
    cos, sin = np.cos(angle), np.sin(angle)
    row = np.floor((cos * at[:, None] - sin * at) / SIDE + GRID / 2)
    column = np.floor((cos * at + sin * at[:, None]) / SIDE + GRID / 2)
    cells = np.arange(GRID)
    shown = (row == cells[:, None, None, None]) & (column == cells[:, None, None])
    return shown.reshape(GRID, GRID, pixels, FINE, pixels, FINE).mean((3, 5), dtype=np.float32)


_turned_cells = cache(_cells_at)  # of the few angles that videos of the usual size have


def _turned(layout: dict, turn: int) -> dict[tuple[int, int], str]:
    """Which cells of the grid have which colour after a number of quarter turns clockwise."""
    cells = {}
    for row, column in layout["cells"]:
        at = row, column
        for _ in range(turn):
            at = at[1], GRID - 1 - at[0]
        cells[at] = _colour(layout, [row, column])
    return cells


def _shows(frame: np.ndarray, cell: tuple[int, int], colour: str | None) -> bool:
    """Whether a cell of the grid is filled with a colour, or with the background if that is None."""
    top, left = (LEFT + SIDE * value + 2 for value in cell)
    inner = frame[top : top + SIDE - 4, left : left + SIDE - 4]
    if colour is None:
        return bool(np.abs(inner - BACKGROUND).mean() < 25)
    return bool(amount(inner, COLOURS[colour]).mean() > 0.6)


def _beside(frame: np.ndarray, bystander: dict) -> int:
    """How many pixels differ from the background outside of the grid and of the bystander's cell."""
    differs = np.abs(frame - BACKGROUND).mean(-1) > 25
    differs[LEFT - 2 : SIZE - LEFT + 2, LEFT - 2 : SIZE - LEFT + 2] = False
    row, column = (CELL * value for value in bystander["cell"])
    differs[row : row + CELL, column : column + CELL] = False
    return int(differs.sum())


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    frame = video[-1].astype(np.float32)
    grid = [(row, column) for row in range(GRID) for column in range(GRID)]
    before, after = _turned(layout, 0), _turned(layout, layout["turn"])
    right = {cell: _shows(frame, cell, after.get(cell)) for cell in grid}
    bystander = layout["bystander"]
    stands = read(frame, bystander["cell"], (BYSTANDER_RADIUS,)) == (
        bystander["colour"],
        bystander["shape"],
        BYSTANDER_RADIUS,
    )
    if all(right.values()) and stands and _beside(frame, bystander) < 0.2 * SIDE**2:
        return 1.0
    share = float(np.mean([right[cell] for cell in grid if before.get(cell) != after.get(cell)]))
    (mark,) = (cell for cell, colour in after.items() if colour == layout["colours"][1])
    return round(0.9 * share * (1 if right[mark] else 0.5), 4)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The figure turned to each of its other orientations."""
    names = {1: "quarter turn clockwise", 2: "half turn", 3: "quarter turn counterclockwise"}
    return {name: render(layout, turn) for turn, name in names.items()}


def difficulty(layout: dict) -> float:
    """Number of the figure's cells."""
    return float(len(layout["cells"]))
