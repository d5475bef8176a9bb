"""The pairs of a task whose swaps a scorer reads: a case as target and the next one as source.

Each swapped video is scored twice, as the target's and as the source's, so both must have one picture size and one
number of frames. No torch here: the workflow asks this before anything is queued.
"""

from collections.abc import Sequence

from ...bench.cases import Case
from ...errors import InputError
from ...names import PUZZLES


def neighbours(cases: Sequence[Case]) -> list[tuple[Case, Case]]:
    """Each case as target with the next one as source, the last with the first."""
    return [(case, cases[(i + 1) % len(cases)]) for i, case in enumerate(cases)]


def by_scores(task: str) -> bool:
    """True if a scorer says whose outcome a run shows; else the listed answers of the puzzle do."""
    return task not in PUZZLES


def fit_together(target: Case, source: Case) -> bool:
    """True if they are two cases, of one picture size and one number of frames."""
    sizes = {(case.height, case.width, case.frames) for case in (target, source)}
    return target.name != source.name and len(sizes) == 1


def check_pairs(cases: Sequence[Case]) -> None:
    """InputError if no case of a task can be scored as its neighbour."""
    if not any(fit_together(*pair) for pair in neighbours(cases)):
        raise InputError(
            f"swap: no two neighbours of the {len(cases)} cases of {cases[0].task} have one picture size and one "
            "number of frames; give swap.task another task"
        )
