"""Crosses and rings in the cells of the picture: how they are drawn, and how much of one a cell holds."""

import numpy as np

from .canvas import BACKGROUND, CELL, COLOURS, centre, edge, middles, unit

MARKS = ("cross", "ring")
ARM, RING_RADIUS, THICK = 4.0, 4.5, 3.0  # with its thickness a mark reaches 5 to 6 pixels from its middle
AREA = 85  # pixels that a mark covers, about
INK = 80  # distance from the background at which a pixel has ink

Cell = tuple[int, int]  # row and column in the picture, 0 to 3


def drawn(mark: str, cell: Cell, share=1.0) -> np.ndarray:
    """Coverage (..., 64, 64) of a mark of which the given share is drawn; the share may be an array over frames."""
    share = np.asarray(share, np.float32)[..., None, None]
    dx, dy = middles() - centre(cell[1]), (middles() - centre(cell[0]))[:, None]
    if mark == "ring":
        angle = np.arctan2(dx, -dy) % (2 * np.pi)  # clockwise from the top
        pixel = 1 / (RING_RADIUS * unit())  # as an angle
        round_it = np.clip((share * (2 * np.pi + pixel) - angle) / pixel, 0, 1)
        return edge(THICK / 2 - np.abs(np.hypot(dx, dy) - RING_RADIUS)) * round_it
    strokes = []
    for number, across in enumerate((dx, -dx)):  # down to the right, then down to the left
        done = np.clip(2 * share - number, 0, 1)
        along = np.clip((across + dy) / 2, -ARM, -ARM + 2 * ARM * done)
        strokes.append(edge(THICK / 2 - np.hypot(across - along, dy - along)) * (done > 0))
    return np.maximum(*strokes)


def inside(picture: np.ndarray, cell: Cell, rim: int) -> np.ndarray:
    """The part of a picture that a cell is, less a rim of so many pixels."""
    return picture[tuple(slice(CELL * k + rim, CELL * (k + 1) - rim) for k in cell)]


KINDS = [(mark, colour) for mark in MARKS for colour in COLOURS]
TEMPLATES = np.stack(
    [
        (inside(drawn(mark, (0, 0)), (0, 0), rim=1)[..., None] * (COLOURS[colour] - BACKGROUND)).ravel()
        for mark, colour in KINDS
    ]
)
SQUARES = (TEMPLATES**2).sum(-1)


def likeness(frame: np.ndarray, cell: Cell, mark: str, colour: str) -> float:
    """How much of a mark is in a cell: 1 - squared error / the mark's own square; 0 if another mark is more like it.

    Which one is most like it is told by the cosine, so that a mark half drawn is not taken for one of a paler colour.
    """
    pixels = (inside(frame, cell, rim=1) - BACKGROUND).ravel()
    kind = KINDS.index((mark, colour))
    if np.argmax(TEMPLATES @ pixels / np.sqrt(SQUARES)) != kind:
        return 0.0
    return float(max(0.0, 1 - ((pixels - TEMPLATES[kind]) ** 2).sum() / SQUARES[kind]))


def ink(pixels: np.ndarray) -> float:
    """Area that is not background, in marks."""
    return float((np.linalg.norm(pixels - BACKGROUND, axis=-1) > INK).sum() / AREA)
