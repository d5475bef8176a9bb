"""The embedded benchmark: one file per puzzle, listed in ``layout.IN_DOMAIN`` and ``layout.OUT_OF_DOMAIN``.

Every puzzle has a ``KIND`` (multi: several right answers, or unique), a ``CATEGORY`` of VBVR-Bench, ``PROMPTS``, and

- ``generate(seed)``: a Puzzle, decided by the seed alone;
- ``score(video, layout)``: an exact rule on decoded pixels, in [0, 1]; 1.0 means solved, anything less is documented
  partial credit. The first frame alone never scores more than 0.3, so a drop towards zero is a drop and not the floor;
- ``answers(layout)``: the video of every candidate answer, right and wrong, by its name (candidates.py reads with it
  which of them a blurred frame supports);
- ``difficulty(layout)``: a number that orders its cases.

Held-out cases are kept apart by *layout*, not by seed: the sha256 of a layout decides on which side it lies, so that
no layout that training ever drew can be drawn for a test.
"""

import hashlib
import json
from importlib import import_module
from types import ModuleType

import numpy as np

from ... import names
from ...errors import InputError
from .canvas import FRAMES, SIZE, Puzzle, drawn_at, framed, standard

PUZZLES: dict[str, ModuleType] = {name: import_module(f".{name}", __name__) for name in names.PUZZLES}

HELD_OUT_SHARE = 8  # one layout in eight is held out
_TRIES = 1000


def puzzle(name: str) -> ModuleType:
    """The module of a puzzle by name; raises InputError for a name that is none."""
    if name not in PUZZLES:
        raise InputError(f"no puzzle is called {name!r}; the embedded benchmark has {', '.join(PUZZLES)}")
    return PUZZLES[name]


def is_held_out(layout: dict) -> bool:
    """Whether a layout belongs to the test side of the split; a function of the layout alone."""
    digest = hashlib.sha256(json.dumps(layout, sort_keys=True).encode()).digest()
    return digest[0] % HELD_OUT_SHARE == 0


def side_of(name: str) -> int:
    """Units of a puzzle's board, which is square."""
    return names.SIDES.get(name, SIZE)


def on_board(name: str, video: np.ndarray) -> np.ndarray:
    """A video uint8 (T, H, W, 3) of any size as the readers of a puzzle take it: (T, side, side, 3)."""
    return standard(video, side_of(name))


def draw(
    name: str, seed: int, held_out: bool, size: tuple[int, int] | None = None, frames: int | None = None
) -> Puzzle:
    """The first puzzle on the wanted side of the split among those of ``seed``'s own stream of seeds.

    size: (height, width) of the video, None for the board's own; frames: of it, None for FRAMES.
    """
    module = puzzle(name)
    for attempt in range(_TRIES):
        stream = seed * _TRIES + attempt
        candidate = module.generate(stream)
        if is_held_out(candidate.layout) == held_out:
            break
    else:
        raise RuntimeError(f"{name}: {_TRIES} layouts of seed {seed} fell on one side of the split")
    if size is None and frames in (None, FRAMES):
        return candidate
    height, width = size or (side_of(name),) * 2
    with drawn_at(min(height, width) / side_of(name), frames or FRAMES):
        drawn = module.generate(stream)
    return Puzzle(drawn.prompt, framed(drawn.video, height, width), drawn.layout)


def answers_at(name: str, layout: dict, height: int, width: int, frames: int) -> dict[str, np.ndarray]:
    """The video (T, height, width, 3) of every candidate answer in the size of a case, by its name; T: at least
    `frames`, and FRAMES where that is fewer: then `canvas.resampled` tells the story in fewer."""
    with drawn_at(min(height, width) / side_of(name), max(frames, FRAMES)):
        answers = puzzle(name).answers(layout)
    return {answer: framed(video, height, width) for answer, video in answers.items()}
