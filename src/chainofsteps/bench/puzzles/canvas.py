"""Drawing and reading pixels: what all puzzles share.

Puzzles speak of a board of 64 x 64 units, 80, 96 or 112 for larger mazes, and of times in [0, 1]. By default a unit is
a pixel and a video has 17 frames; inside `drawn_at` it is drawn in any size and number of frames. Shapes are drawn by
their coverage of each pixel in [0, 1], so that motion by a fraction of a pixel is smooth; the readers invert the same
blend, in units: `standard` brings a video of any size to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from PIL import Image

FRAMES = 17
SIZE = 64
CELL = 16  # one cell of the 4 x 4 board: one token of the embedded model (8x VAE, patch 2)
CELLS = SIZE // CELL

BACKGROUND = np.array([236, 236, 232], np.float32)
BLACK = np.array([20, 20, 20], np.float32)
GREY = np.array([130, 130, 130], np.float32)
COLOURS = {
    "red": np.array([220, 40, 40], np.float32),
    "green": np.array([40, 180, 70], np.float32),
    "blue": np.array([45, 80, 230], np.float32),
    "yellow": np.array([240, 200, 30], np.float32),
    "purple": np.array([150, 60, 200], np.float32),
    "cyan": np.array([40, 190, 210], np.float32),
}
SHAPES = ("circle", "square", "triangle")


_DRAWN: ContextVar[tuple[float, int]] = ContextVar("drawn", default=(1.0, FRAMES))  # pixels of a unit; frames


@contextmanager
def drawn_at(pixels: float = 1.0, frames: int = FRAMES) -> Iterator[None]:
    """Inside it puzzles draw so many pixels a unit, and so many frames (at least the FRAMES that they are told in)."""
    token = _DRAWN.set((float(pixels), frames))
    try:
        yield
    finally:
        _DRAWN.reset(token)


def unit() -> float:
    """Pixels of a unit."""
    return _DRAWN.get()[0]


def frames() -> int:
    """Frames of a video that is drawn."""
    return _DRAWN.get()[1]


def times() -> np.ndarray:
    """The time of each frame, from 0 to 1: (frames,)."""
    return np.linspace(0, 1, frames())


def middles(side: int = SIZE) -> np.ndarray:
    """The middle of each pixel along a side, in units: float32 (pixels,)."""
    return (np.arange(round(side * unit()), dtype=np.float32) + 0.5) / np.float32(unit())


def edge(distance: np.ndarray) -> np.ndarray:
    """Coverage of pixels so many units inside of an edge (negative: outside): it falls from 1 to 0 within one pixel."""
    return np.clip(distance * unit() + 0.5, 0, 1)


@dataclass(frozen=True)
class Puzzle:
    """A prompt, its true video (frames, height, width, 3) uint8 and the layout (JSON values) that the score needs."""

    prompt: str
    video: np.ndarray
    layout: dict


def blank(number: int | None = None, side: int = SIZE) -> np.ndarray:
    """An empty float32 video of a square board in the background colour; number: of frames, None for `frames()`."""
    pixels = len(middles(side))
    return np.broadcast_to(BACKGROUND, (number or frames(), pixels, pixels, 3)).astype(np.float32)


def _offsets(centre, side: int) -> np.ndarray:
    """Distance of each pixel's middle from a coordinate that may be an array over frames: (..., pixels), in units."""
    return middles(side) - np.asarray(centre, np.float32)[..., None]


def _span(low, high, side: int) -> np.ndarray:
    """Coverage of each pixel column by [low, high]; low and high broadcast over frames: (..., pixels)."""
    low, high = (np.asarray(end, np.float32)[..., None] * np.float32(unit()) for end in (low, high))
    x = np.arange(round(side * unit()), dtype=np.float32)
    return np.clip(np.minimum(x + 1, high) - np.maximum(x, low), 0, 1)


def box(x0, y0, x1, y1, side: int = SIZE) -> np.ndarray:
    """Coverage (..., pixels, pixels) of an axis-aligned box in units; corners may be arrays over frames."""
    return _span(y0, y1, side)[..., :, None] * _span(x0, x1, side)[..., None, :]


def disc(x, y, radius: float, side: int = SIZE) -> np.ndarray:
    """Coverage (..., pixels, pixels) of a disc; the centre may be an array over frames."""
    dx, dy = _offsets(x, side), _offsets(y, side)
    distance = np.sqrt(dy[..., :, None] ** 2 + dx[..., None, :] ** 2)
    return edge(radius - distance)


def shape(name: str, x, y, radius: float = 5.0) -> np.ndarray:
    """Coverage of a named shape centred at (x, y): circle, square or triangle (point up)."""
    if name == "circle":
        return disc(x, y, radius)
    if name == "square":
        return box(np.subtract(x, radius), np.subtract(y, radius), np.add(x, radius), np.add(y, radius))
    dx = np.abs(_offsets(x, SIZE))[..., None, :]
    dy = _offsets(y, SIZE)[..., :, None]
    half_width = (dy + radius) / 2  # 0 at the top, the radius at the base
    inside = (dy >= -radius) & (dy <= radius)
    return np.where(inside, edge(half_width - dx), 0).astype(np.float32)


def paint(video: np.ndarray, coverage: np.ndarray, colour: np.ndarray) -> None:
    """Blend a colour into a float video, in place."""
    video += coverage[..., None] * (colour - video)


def finish(video: np.ndarray) -> np.ndarray:
    """Float video to uint8."""
    return np.clip(np.rint(video), 0, 255).astype(np.uint8)


def amount(pixels: np.ndarray, colour: np.ndarray, over: np.ndarray = BACKGROUND) -> np.ndarray:
    """How much of ``colour`` lies over ``over`` in each pixel: the blend weight in [0, 1] that explains it best.

    ``pixel = over + w (colour - over) + rest``: the least-squares w less twice the size of the rest, which leaves no
    colour of the palette passing for a part of another (0.17 at most). pixels (..., 3) -> (...).
    """
    axis = colour - over
    offset = pixels.astype(np.float32) - over
    weight = offset @ axis / (axis @ axis)
    rest = np.linalg.norm(offset - weight[..., None] * axis, axis=-1) / np.linalg.norm(axis)
    return np.clip(weight - 2 * rest, 0, 1)


def best_shape(frame: np.ndarray, colour: np.ndarray, x: float, y: float, radius: float) -> str:
    """The shape that, drawn in ``colour`` at (x, y), differs least from the cell there: smallest squared error.

    Held against the size that it is to have: a square that is half a pixel too small may pass for a circle. With the
    size left free, a square whose corners the VAE has rounded passes for a larger circle, which is worse: 3 to 11% of
    true clips were then not solved after the VAE.
    """
    cell = slice(int(y) - CELL // 2, int(y) + CELL // 2), slice(int(x) - CELL // 2, int(x) + CELL // 2)

    def error(name: str) -> float:
        cover = shape(name, x, y, radius)[cell][..., None]
        return float(((frame[cell] - BACKGROUND - cover * (colour - BACKGROUND)) ** 2).sum())

    return min(SHAPES, key=error)


def centre(cell: int) -> float:
    """Pixel coordinate of the middle of a row or column of cells."""
    return CELL * cell + CELL / 2


def check_video(video: np.ndarray, side: int = SIZE) -> None:
    """Scores read colour videos of the puzzle's size: (frames, side, side, 3) uint8."""
    if video.ndim != 4 or video.shape[1:] != (side, side, 3) or video.dtype != np.uint8:
        raise ValueError(f"a puzzle video is (frames, {side}, {side}, 3) uint8, not {video.shape} {video.dtype}")


def standard(video: np.ndarray, side: int = SIZE) -> np.ndarray:
    """A video uint8 (T, H, W, 3) of any size as the readers take it, (T, side, side, 3): the board, averaged to units.

    The board is the square in the middle, as `framed` lays it. A video of that size is returned as it is, and so is
    what is too small to hold a board, which the readers refuse.
    """
    height, width = video.shape[1:3]
    if (height, width) == (side, side) or min(height, width) < side:
        return video
    board = min(height, width)
    top, left = (height - board) // 2, (width - board) // 2
    rows = video[:, top : top + board, left : left + board]
    small = [Image.fromarray(frame).resize((side, side), Image.Resampling.BOX) for frame in rows]
    return np.stack([np.asarray(frame) for frame in small])


def framed(video: np.ndarray, height: int, width: int) -> np.ndarray:
    """A video uint8 of a square board, with background to both sides of it: (T, height, width, 3)."""
    board = video.shape[1]
    top, left = (height - board) // 2, (width - board) // 2
    around = np.broadcast_to(finish(BACKGROUND), (len(video), height, width, 3)).copy()
    around[:, top : top + board, left : left + board] = video
    return around


def resampled(video: np.ndarray, frames: int) -> np.ndarray:
    """The same story in fewer frames: the nearest frames at evenly spaced times, first and last among them."""
    return video[np.rint(np.linspace(0, len(video) - 1, frames)).astype(int)]
