"""Noughts and crosses: play the mark that the prompt names where it makes three in a row; two cells do.

A board of 3 x 3 cells stands somewhere on the 4 x 4 cells of the picture, crosses of one colour and rings of another in
it. The position is one of a real game: it is the named player's turn (as many marks as the other, or one fewer) and
nobody has won. The new mark is drawn into an empty cell: a cross stroke by stroke, a ring all round. Of the three empty
cells two win and one does not: in a real game three winning cells would leave no wrong one.

Score, from the last frame: 1.0 if exactly one winning cell holds the asked mark in its shape and colour, every other
empty cell is still empty (ink on less than a tenth of a mark's area), every old mark and the board's lines stand, and
nothing is beside the board. Otherwise partial credit, at most 0.9: 0.9 x (how far the asked mark stands in the best
winning cell) x (1 - the ink in any other empty cell, up to one mark) x (share of the old marks that stand). The first
frame scores 0.
"""

from collections.abc import Sequence

import numpy as np

from .canvas import (
    BLACK,
    CELL,
    COLOURS,
    GREY,
    SIZE,
    Puzzle,
    amount,
    blank,
    box,
    check_video,
    finish,
    frames,
    paint,
    times,
)
from .marks import MARKS, Cell, drawn, ink, inside, likeness

KIND = "multi"
CATEGORY = "Knowledge"
PROMPTS = (
    "put a {colour} {mark} where it wins",
    "mark the cell that wins for the {colour} {mark}",
    "play the {colour} {mark} that makes three in a row",
)
BOARD = 3
OFFSETS = 2
LITTLE, STANDS = 0.1, 0.7
LINES = {"grey": GREY, "black": BLACK}
ROWS_OF_THREE = (
    *(tuple((r, c) for c in range(BOARD)) for r in range(BOARD)),
    *(tuple((r, c) for r in range(BOARD)) for c in range(BOARD)),
    tuple((i, i) for i in range(BOARD)),
    tuple((i, BOARD - 1 - i) for i in range(BOARD)),
)


def generate(seed: int) -> Puzzle:
    """Three marks each, the named player having two winning cells; the true video takes either of them."""
    return play(seed, counts=[(3, 3)], wins=2)


def play(seed: int, counts: Sequence[tuple[int, int]], wins: int) -> Puzzle:
    """A game with so many marks of the named player and of the other, in which so many cells win."""
    rng = np.random.default_rng(seed)
    own, other = counts[rng.integers(len(counts))]
    top, left = (int(value) for value in rng.integers(OFFSETS, size=2))
    player, lines = str(rng.choice(MARKS)), str(rng.choice(list(LINES)))
    colours = [str(name) for name in rng.choice(list(COLOURS), 2, replace=False)]
    while True:
        order = [(top + int(i) // BOARD, left + int(i) % BOARD) for i in rng.permutation(BOARD * BOARD)]
        sides = [order[:own], order[own : own + other]]
        groups = zip(MARKS, colours, sides if player == MARKS[0] else sides[::-1], strict=True)
        layout = {
            "board": [top, left],
            "lines": lines,
            "player": player,
            **{mark: {"colour": colour, "cells": sorted(map(list, cells))} for mark, colour, cells in groups},
        }
        if not any(_won(layout, mark) for mark in MARKS) and len(winning(layout)) == wins:
            break
    cells = winning(layout)
    video = render(layout, cells[rng.integers(len(cells))])
    words = PROMPTS[rng.integers(len(PROMPTS))].format(colour=layout[player]["colour"], mark=player)
    return Puzzle(words, video, layout)


def _won(layout: dict, mark: str, extra: Cell | None = None) -> bool:
    top, left = layout["board"]
    held = {(r - top, c - left) for r, c in [*layout[mark]["cells"], *([extra] if extra else [])]}
    return any(held.issuperset(row) for row in ROWS_OF_THREE)


def empty(layout: dict) -> list[Cell]:
    """The cells of the board that hold no mark, in reading order."""
    taken = {tuple(cell) for mark in MARKS for cell in layout[mark]["cells"]}
    top, left = layout["board"]
    cells = [(top + r, left + c) for r in range(BOARD) for c in range(BOARD)]
    return [cell for cell in cells if cell not in taken]


def winning(layout: dict) -> list[Cell]:
    """The empty cells in which the named player makes three in a row."""
    return [cell for cell in empty(layout) if _won(layout, layout["player"], cell)]


def pieces(layout: dict) -> list[tuple[int, int, int, int]]:
    """The twelve boxes (x0, y0, x1, y1) that the board's lines are made of, each between two cells."""
    top, left = (CELL * value for value in layout["board"])
    places = [(CELL * k - 1, CELL * i) for k in range(1, BOARD) for i in range(BOARD)]  # across a line and along it
    upright = [(left + k, top + i, left + k + 2, top + i + CELL) for k, i in places]
    return upright + [(left + i, top + k, left + i + CELL, top + k + 2) for k, i in places]


def render(layout: dict, cell: Cell) -> np.ndarray:
    """The video in which the named player's mark is drawn into a cell at an even pace."""
    still = blank(1)
    paint(still, np.max([box(*piece) for piece in pieces(layout)], axis=0), LINES[layout["lines"]])
    for mark in MARKS:
        for held in layout[mark]["cells"]:
            paint(still, drawn(mark, held), COLOURS[layout[mark]["colour"]])
    video, asked = np.repeat(still, frames(), axis=0), layout["player"]
    paint(video, drawn(asked, cell, times()), COLOURS[layout[asked]["colour"]])
    return finish(video)


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The asked mark in each empty cell, by the cell's row and column in the picture; it is right where it wins."""
    return {f"cell {r} {c}": render(layout, (r, c)) for r, c in empty(layout)}


def difficulty(layout: dict) -> float:
    """Number of empty cells to choose among, and a tenth for each row of three that goes through one of them."""
    top, left = layout["board"]
    free = {(r - top, c - left) for r, c in empty(layout)}
    return len(free) + sum(bool(free.intersection(row)) for row in ROWS_OF_THREE) / 10


def _board_stands(frame: np.ndarray, layout: dict) -> bool:
    """Whether every piece of the four lines is there in its colour, and nothing beside the board."""
    line = LINES[layout["lines"]]
    other = next(colour for name, colour in LINES.items() if name != layout["lines"])
    kept = amount(frame, line) * (((frame - line) ** 2).sum(-1) < ((frame - other) ** 2).sum(-1))
    standing = [kept[y0:y1, x0:x1].mean() for x0, y0, x1, y1 in pieces(layout)]
    beside = np.ones((SIZE, SIZE), bool)
    y, x = (CELL * value for value in layout["board"])
    beside[max(0, y - 2) : y + CELL * BOARD + 2, max(0, x - 2) : x + CELL * BOARD + 2] = False  # but for blur
    return min(standing) > 0.4 and ink(frame[beside]) < LITTLE


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, 64, 64, 3) uint8 by the rule above."""
    check_video(video)
    frame = video[-1].astype(np.float32)
    asked, free = layout["player"], empty(layout)
    old = [
        likeness(frame, tuple(cell), mark, layout[mark]["colour"]) > STANDS
        for mark in MARKS
        for cell in layout[mark]["cells"]
    ]
    drawn_in = {cell: likeness(frame, cell, asked, layout[asked]["colour"]) for cell in winning(layout)}
    best = max(drawn_in, key=drawn_in.get)
    other = max((ink(inside(frame, cell, rim=2)) for cell in free if cell != best), default=0.0)
    if drawn_in[best] > STANDS and other < LITTLE and all(old) and _board_stands(frame, layout):
        return 1.0
    return round(0.9 * drawn_in[best] * (1 - min(other, 1.0)) * float(np.mean(old)), 4)
