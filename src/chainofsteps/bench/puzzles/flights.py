"""How the ball of ``bounce`` flies: straight on a line without walls, folded back between the walls.

A flight is ``start``, the ball's place in the bottom row, and ``across``, how far to the right it would come without
walls by the time it is at the top row. There are 172.
"""

import numpy as np

from .canvas import CELLS, SIZE, centre

LEFT, RIGHT = 5, SIZE - 5  # where the ball's centre turns back
TOP, BOTTOM = int(centre(0)), int(centre(CELLS - 1))
TARGETS = [int(centre(column)) for column in range(CELLS)]
STARTS = range(8, SIZE - 7, 4)
REFLECTIONS = 2
LINE_TO = 15.5  # how far from the ball's start the aim line ends
FARTHEST = 104  # flatter flights would cross the square beside the right one


def fold(x: np.ndarray) -> np.ndarray:
    """Places on the line without walls to places between the walls."""
    beyond = (x - LEFT) % (2 * (RIGHT - LEFT))
    return LEFT + np.minimum(beyond, 2 * (RIGHT - LEFT) - beyond)


def reflections(layout: dict) -> int:
    """How often the ball turns back on its way."""
    return abs((layout["start"] + layout["across"] - LEFT) // (RIGHT - LEFT))


def target(layout: dict) -> int:
    """The column of the square that the ball lands on."""
    return TARGETS.index(int(fold(layout["start"] + layout["across"])))


def _flights() -> dict[tuple[int, int], list[tuple[int, int]]]:
    """By reflections and target: every start and every way across of which the aim line ends before the first wall."""
    flights: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for start in STARTS:
        for across in range(-FARTHEST, FARTHEST + 1):
            flight = {"start": start, "across": across}
            tip = start + LINE_TO * across / np.hypot(across, BOTTOM - TOP)
            if fold(start + across) in TARGETS and reflections(flight) <= REFLECTIONS and LEFT <= tip <= RIGHT:
                flights.setdefault((reflections(flight), target(flight)), []).append((start, across))
    return flights


FLIGHTS = _flights()


def path(start: int, across: int, share) -> tuple[np.ndarray, np.ndarray]:
    """Where the ball is (x, y) after a share of its way, which without walls would end ``across`` from the start."""
    share = np.asarray(share, np.float32)
    return fold(start + share * across), BOTTOM + share * (TOP - BOTTOM)
