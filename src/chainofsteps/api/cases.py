"""Cases: a puzzle drawn from a seed, or a folder; and the score of a video."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ..bench import scoring
from ..bench.cases import Case, read_case, write_case
from ..bench.categories import split_of
from ..bench.puzzles import draw
from ..errors import InputError


def puzzle(task: str, seed: int = 900000, *, name: str | None = None, folder: str | Path | None = None) -> Case:
    """A held-out case of a puzzle: one that no training has seen.

    task: a puzzle such as "loop_maze" (`chainofsteps.names.PUZZLES` has them all). seed: 900000 is the first of the
    default run, 900001 the second. name: of the case; a run's noise depends on it. By default the last five digits of
    the seed, which is the name in the default run. folder: where the case is written, in the layout of VBVR-Bench; by
    default a temporary folder that goes with the process.

    The result has prompt, first_frame uint8 (H, W, 3), frames (the length of the video) and layout (the puzzle's own
    description, which the score reads). Raises InputError for a task that is no puzzle, or a folder that cannot be
    written.

    Source: bench/puzzles, one module a puzzle.

    >>> import chainofsteps as cos
    >>> case = cos.puzzle("loop_maze", seed=900000)
    >>> case.name, case.first_frame.shape, case.frames
    ('00000', (64, 64, 3), 17)
    """
    drawn = draw(task, seed, held_out=True)
    root = Path(_temporary().name, str(seed)) if folder is None else Path(folder).expanduser()
    written = write_case(root, split_of(task), task, name or f"{seed % 100000:05d}", drawn)
    return read_case(written, task)


def case(folder: str | Path, *, task: str | None = None, frames: int | None = None) -> Case:
    """A case from a folder with first_frame.png, prompt.txt and ground_truth.mp4, as VBVR-Bench has them.

    task: by default the name of the folder above, as in <task>/<00000>. The case of a puzzle needs layout.json too.
    frames: 4k + 1, of a case without ground_truth.mp4.
    Raises InputError, which names the file, if one is missing or unusable, or if a side of the first frame is no
    multiple of 16 pixels.

    Source: bench/cases.py.

    >>> import chainofsteps as cos
    >>> written = cos.puzzle("grounding", seed=900002)
    >>> cos.case(written.folder).prompt == written.prompt
    True
    """
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise InputError(f"{place} is no folder; give the folder of a case, such as <task>/00000")
    place = place.resolve()
    return read_case(place, task or place.parent.name, frames=frames)


def score(case: Case, video: np.ndarray) -> float:
    """The score of a video by the puzzle's exact rule: in [0, 1], 1.0 solved.

    video: uint8 (T, H, W, 3), as `Model.decode` gives it. Raises InputError for another shape, and for a task that is
    no puzzle: the workflow scores those (`cases.scorer: evalkit`).

    Source: bench/scoring.py, and `score` in the module of each puzzle.

    >>> import chainofsteps as cos, numpy as np
    >>> case = cos.puzzle("loop_maze")
    >>> still = np.repeat(case.first_frame[None], case.frames, axis=0)
    >>> cos.score(case, still) <= 0.3
    True
    """
    video = np.asarray(video)
    if video.dtype != np.uint8 or video.ndim != 4 or video.shape[1:] != case.first_frame.shape:
        height, width, _ = case.first_frame.shape
        raise InputError(
            f"score: the video is {video.dtype} {video.shape}; "
            f"give uint8 (T, {height}, {width}, 3), as model.decode does"
        )
    return scoring.score(case, video)


@cache
def _temporary() -> tempfile.TemporaryDirectory:
    """The folder of this process for puzzles, which is removed at its end."""
    return tempfile.TemporaryDirectory(prefix="chainofsteps-")
