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

from ... import names
from ...errors import InputError
from .canvas import Puzzle

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


def draw(name: str, seed: int, held_out: bool) -> Puzzle:
    """The first puzzle on the wanted side of the split among those of ``seed``'s own stream of seeds."""
    module = puzzle(name)
    for attempt in range(_TRIES):
        candidate = module.generate(seed * _TRIES + attempt)
        if is_held_out(candidate.layout) == held_out:
            return candidate
    raise RuntimeError(f"{name}: {_TRIES} layouts of seed {seed} fell on one side of the split")
