"""Reading what stands in a cell of the board: the nearest of everything that could stand there.

Each cell is compared with nothing and with every shape in every colour and radius that the puzzle draws; the smallest
squared error decides, if it is small enough for the answer to be clear.
"""

from functools import cache

import numpy as np

from .canvas import BACKGROUND, CELL, COLOURS, SHAPES, centre, shape

Kind = tuple[str, str, float] | tuple[()]  # colour, shape and radius; or nothing

NOTHING: Kind = ()
_EMPTY = 20.0  # root mean square by which an empty cell may differ from the background
_UNEXPLAINED = 0.3  # share of an object's squared difference from the background that may be left over


@cache
def _kinds(radii: tuple[float, ...]) -> tuple[list[Kind], np.ndarray]:
    """Everything that may stand in a cell and its difference from the background: (kinds, pixels and channels)."""
    kinds: list[Kind] = [NOTHING]
    pictures = [np.zeros((CELL, CELL, 3), np.float32)]
    for radius in radii:
        for name in SHAPES:
            cover = shape(name, centre(0), centre(0), radius)[:CELL, :CELL, None]
            for colour, rgb in COLOURS.items():
                kinds.append((colour, name, radius))
                pictures.append(cover * (rgb - BACKGROUND))
    return kinds, np.stack(pictures).reshape(len(kinds), -1)


def read(frame: np.ndarray, cell: tuple[int, int] | list[int], radii: tuple[float, ...]) -> Kind | None:
    """What stands in a cell (row, column) of a float frame (64, 64, 3); None if that is not clear."""
    row, column = cell
    shown = frame[CELL * row : CELL * (row + 1), CELL * column : CELL * (column + 1)] - BACKGROUND
    kinds, pictures = _kinds(radii)
    errors = ((pictures - shown.reshape(-1)) ** 2).sum(1)
    best = int(errors.argmin())
    limit = _EMPTY**2 * pictures.shape[1] if best == 0 else _UNEXPLAINED * (pictures[best] ** 2).sum()
    return kinds[best] if errors[best] < limit else None
