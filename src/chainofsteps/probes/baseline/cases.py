"""The job of the cases: puzzles that are drawn, or the cases of a folder, checked and listed.

It takes neither torch nor a network: it is the job of which there are most, and none waits for imports.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...bench.cases import Fitted, check_scorable, read_cases, unresized_clip, write_case
from ...bench.categories import split_of
from ...bench.puzzles import PUZZLES, draw
from ...bench.sizes import case_identity
from ...errors import InputError
from ...files import sha256
from ...model.sizes import latent_frames_of
from ...names import GROUND_TRUTH, case_files, case_label, true_pictures
from ..indices import indices


def write_puzzles(
    root: Path,
    task: str,
    names: Sequence[str],
    first_seed: int,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
) -> None:
    """Draw the held-out puzzles of a task, numbered by their names, and write them as cases.

    size: (height, width) in pixels, None for the board's own; frames: of the true video, None for the usual number.
    """
    for name in names:
        drawn = draw(task, first_seed + int(name), held_out=True, size=size, frames=frames)
        write_case(root, split_of(task), task, name, drawn)


def checked_cases(
    root: str | Path,
    task: str,
    names: Sequence[str],
    noised: str | Sequence[int],
    frames: int | None = None,
    fitted: Fitted = None,
) -> dict[str, Any]:
    """The identity of each case, and its files with their sha256, by the case's name.

    noised: the latent frames that are noised. frames: of a case without a true clip. fitted: see `cases.fit`. Raises
    InputError if a case lacks one of the first or cannot be scored.
    """
    listed = {}
    for case in read_cases(root, task, list(names), frames=frames, fitted=fitted):
        try:
            indices("noise.frames", noised, latent_frames_of(case.frames))
        except InputError as error:
            raise InputError(f"case {case_label(task, case.name)}: {error}") from error
        if (case.folder / GROUND_TRUTH).is_file() or true_pictures(case.folder):
            unresized_clip(case)  # whole: to read the case, only its length was needed
        check_scorable(case)
        files = {path.name: sha256(path) for path in case_files(case.folder)}
        listed[case.name] = {"identity": case_identity(files, fitted), "files": files}
    return listed


def kind_of(task: str) -> str:
    """The kind of a puzzle, by how many right answers it has; tasks of others are of kind benchmark."""
    return PUZZLES[task].KIND if task in PUZZLES else "benchmark"
