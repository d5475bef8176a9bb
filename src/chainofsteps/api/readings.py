"""The clean estimate of every step, decoded and read: scores and candidate answers."""

from typing import Any

import pandas as pd
from torch import Tensor

from ..bench.puzzles import puzzle
from ..bench.puzzles.candidates import right_answers
from ..bench.scoring import scores
from ..names import PUZZLES
from ..probes.x0_pred.rows import read_steps
from .model import Run

COLUMNS = ["task", "case", "seed", "step", "sigma", "score", "exact", "candidate", "right", "mass"]


def masses(run: Run) -> pd.DataFrame:
    """The candidate answers that x0_pred of each step supports (Figure 1).

    One row for each step and candidate answer of the puzzle, right and wrong. mass: the share in [0, 1] of the
    candidate in the last frame of the decoded x0_pred; the masses of a step need not sum to 1. score and exact: of
    the whole x0_pred video of the step. Raises InputError for a task that is no puzzle.

    Source: probes/x0_pred/rows.py and bench/puzzles/candidates.py.

    >>> import chainofsteps as cos
    >>> table = cos.masses(cos.load("models/embedded").run(cos.puzzle("loop_maze")))
    >>> table[table.step == 19].sort_values("mass").iloc[-1].right
    np.True_
    """
    case = run.case
    puzzle(case.task)  # InputError for a task that is none
    right = right_answers(case.task, case.layout)
    about = {"task": case.task, "case": case.name, "seed": run.seed}
    rows = [
        {**about, **row, "exact": row["score"] >= 1, "candidate": candidate, "right": candidate in right, "mass": mass}
        for row in read_steps(case, run, run.model.vae)
        for candidate, mass in row["masses"].items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def scores_of(run: Run, latents: Tensor, scored: bool) -> list[dict[str, Any]]:
    """score and exact of each of the final latents (B, C, F, h, w); NaN and False where nothing scores them."""
    if not scored or run.case.task not in PUZZLES:
        return [{"score": float("nan"), "exact": False}] * len(latents)
    values = scores(run.case, run.model.vae, latents)
    return [{"score": value, "exact": value >= 1} for value in values]
