"""Objects in cells of the board: drawn there, and read from one image (64, 64, 3).

An object is a dict with colour, shape and cell (row, column), and a radius if it is not the usual one.
"""

from collections.abc import Iterable

import numpy as np

from .canvas import BACKGROUND, CELL, COLOURS, amount, best_shape, centre, paint, shape

RADIUS = 4.5


def put(video: np.ndarray, item: dict) -> None:
    """Paint an object in the middle of its cell, in place."""
    paint(video, _cover(item), COLOURS[item["colour"]])


def _cover(item: dict) -> np.ndarray:
    row, column = item["cell"]
    return shape(item["shape"], centre(column), centre(row), item.get("radius", RADIUS))


def tile(item: dict) -> tuple[slice, slice]:
    """The pixels of an object's cell."""
    row, column = item["cell"]
    return slice(CELL * row, CELL * (row + 1)), slice(CELL * column, CELL * (column + 1))


def seen(frame: np.ndarray, item: dict) -> float:
    """How much of an object's colour lies in the middle of its cell, in [0, 1]."""
    y, x = (int(centre(cell)) for cell in item["cell"])
    return float(amount(frame[y - 2 : y + 3, x - 2 : x + 3], COLOURS[item["colour"]]).mean())


def stands(frame: np.ndarray, item: dict) -> bool:
    """Whether an object is in its cell in its colour and shape."""
    y, x = (centre(cell) for cell in item["cell"])
    radius = item.get("radius", RADIUS)
    return seen(frame, item) > 0.4 and best_shape(frame, COLOURS[item["colour"]], x, y, radius) == item["shape"]


def sized(frame: np.ndarray, item: dict) -> bool:
    """Whether an object has the area that its radius gives it, by a third more or less; a frame is left out."""
    inner = (slice(2, -2), slice(2, -2))
    axis = COLOURS[item["colour"]] - BACKGROUND
    area = ((frame[tile(item)][inner] - BACKGROUND) @ axis).sum() / (axis @ axis)  # a blur does not change it
    return bool(2 / 3 < area / _cover(item)[tile(item)][inner].sum() < 4 / 3)


def strewn(frame: np.ndarray, item: dict, standing: Iterable[dict]) -> bool:
    """Whether an object's colour is seen outside its cell, those of objects that stand in the same colour left out."""
    own = amount(frame, COLOURS[item["colour"]]) > 0.5
    for other in (item, *(other for other in standing if other["colour"] == item["colour"])):
        own[tile(other)] = False
    return bool(own.sum() > 0.25 * _cover(item).sum())
