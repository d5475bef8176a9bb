"""Size and length of the puzzles that are made here, as a configuration asks for them. No torch or numpy here."""

from collections.abc import Mapping
from typing import Any

from ..model.sizes import EMBEDDED_FRAMES, EMBEDDED_SIDE
from ..names import SIDES


def made_frames(cases: Mapping[str, Any]) -> int:
    """Frames of the puzzles that are made here; cases: that section of a configuration."""
    return cases["frames"] or EMBEDDED_FRAMES


def made_size(cases: Mapping[str, Any], task: str) -> tuple[int, int]:
    """(height, width) in pixels of a puzzle that is made here."""
    if cases["size"] is None:
        return (SIDES.get(task, EMBEDDED_SIDE),) * 2
    width, height = map(int, cases["size"].split("x"))
    return height, width


def drawn_as(cases: Mapping[str, Any]) -> dict[str, Any]:
    """How cases differ from what they are by themselves, as far as it is asked.

    size: (height, width) of puzzles that are made here. frames: of those, or of a folder's cases without a true clip.
    """
    size = {"size": list(made_size(cases, ""))} if cases["size"] and cases["folder"] is None else {}
    return size | ({"frames": cases["frames"]} if cases["frames"] else {})
