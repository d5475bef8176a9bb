"""Size and length of the puzzles that are made here, as a configuration asks for them. No torch or numpy here."""

from collections.abc import Mapping
from typing import Any

from ..files import fingerprint
from ..model.sizes import EMBEDDED_FRAMES, EMBEDDED_SIDE
from ..names import SIDES

DRAWN = ("size", "fitted", "frames")  # the keys of `drawn_as`
ROUNDED = "rounded"  # cases.size of a folder whose pictures are rounded up to sides that a model takes


def made_frames(cases: Mapping[str, Any]) -> int:
    """Frames of the puzzles that are made here; cases: that section of a configuration."""
    return cases["frames"] or EMBEDDED_FRAMES


def made_size(cases: Mapping[str, Any], task: str) -> tuple[int, int]:
    """(height, width) in pixels of a puzzle that is made here."""
    return sides_of(cases["size"]) if cases["size"] else (SIDES.get(task, EMBEDDED_SIDE),) * 2


def sides_of(size: str) -> tuple[int, int]:
    """(height, width) of a size as a configuration writes it, <width>x<height>."""
    width, height = map(int, size.split("x"))
    return height, width


def fitted_to(cases: Mapping[str, Any]) -> list[int] | str | None:
    """The size that the pictures of a folder are brought to, for `cases.fit`; None: they stay as they are."""
    if cases["folder"] is None or cases["size"] in (None, ROUNDED):
        return cases["size"] if cases["folder"] else None
    return list(sides_of(cases["size"]))


def drawn_as(cases: Mapping[str, Any]) -> dict[str, Any]:
    """How cases differ from what they are by themselves, as far as it is asked.

    size: (height, width) of puzzles that are made here; fitted: the same of a folder's cases. frames: of the former, or
    of a folder's cases without a true clip.
    """
    fitted = fitted_to(cases)
    size = {"size": list(made_size(cases, ""))} if cases["size"] and cases["folder"] is None else {}
    return size | ({"fitted": fitted} if fitted else {}) | ({"frames": cases["frames"]} if cases["frames"] else {})


def case_identity(files: Mapping[str, str], fitted: list[int] | str | None) -> str:
    """One hash of all that makes a case what it is: its files, by their sha256, and the size that its pictures are
    brought to, None for their own."""
    return fingerprint({**files, "fitted": fitted} if fitted else files)
