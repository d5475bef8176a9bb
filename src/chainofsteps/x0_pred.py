"""When is the answer decided? The clean estimate of every step, decoded, scored, and read for candidate answers.

x0_pred = x_sigma - sigma velocity (schedule.py) is a whole video at every step. Its score by step says when the answer
is settled; the masses of the candidates say which answers were still alive before.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from diffusers import AutoencoderKLWan

from . import puzzles
from .cases import Case
from .decode import decode
from .puzzles import candidates
from .scoring import batch_of, score
from .tables import success
from .trajectory import Trajectory

SCORE_COLUMNS = [
    "model",
    "task",
    "kind",
    "case",
    "difficulty",
    "right_answers",
    "seed",
    "step",
    "sigma",
    "score",
    "exact",
]
MASS_COLUMNS = ["model", "task", "kind", "case", "seed", "step", "candidate", "right", "mass"]


def read_steps(case: Case, trajectory: Trajectory, vae: AutoencoderKLWan) -> list[dict[str, Any]]:
    """A row per step: step, sigma, score in [0, 1] and the mass of each candidate in the last frame of x0_pred.

    Raises InputError for a task that is not a puzzle.
    """
    estimates = torch.cat([trajectory.x0_pred(step) for step in range(trajectory.steps)])
    videos = decode(vae, estimates, batch_of(estimates))
    return [
        {
            "step": step,
            "sigma": float(trajectory.sigmas[step]),
            "score": score(case, video),
            "masses": candidates.masses(case.task, video[-1], case.layout),
        }
        for step, video in enumerate(videos)
    ]


def summary(table: pd.DataFrame, statistics: Mapping[str, Any], by: Sequence[str] = ()) -> pd.DataFrame:
    """Per task and step: exact success and mean score with bootstrap intervals over cases (tables.success).

    `by`: columns that split the cases of a task further, such as difficulty and right_answers.
    """
    table = table.assign(category=[puzzles.puzzle(task).CATEGORY for task in table.task])
    return success(table, ["model", "task", "category", "kind", *by, "step", "sigma"], statistics)
