"""When is the answer decided? The clean estimate of every step, decoded, scored, and read for candidate answers.

x0_pred = x_sigma - sigma velocity (schedule.py) is a whole video at every step. Its score by step says when the answer
is settled; the masses of the candidates say which answers were still alive before.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...bench import puzzles, readings
from ...bench.cases import Case
from ...bench.puzzles import candidates
from ...bench.scoring import Scorer, batch_of, score, scored
from ...model.vae import decode
from ...run.trajectory import Trajectory

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan

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
RUN_COLUMNS = ["model", "task", "kind", "case", "seed", "step"]
MASS_COLUMNS = [*RUN_COLUMNS, "candidate", "right", "mass"]
FRAME_COLUMNS = [*RUN_COLUMNS, "frame", "leading", "mass", "apart"]
READING_COLUMNS = [*RUN_COLUMNS, "reading", "value"]


def read_steps(
    case: Case, trajectory: Trajectory, vae: "AutoencoderKLWan", scorer: Scorer = score, at_once: int = 1
) -> list[dict[str, Any]]:
    """A row per step: step, sigma, score in [0, 1] and the mass of each candidate in the last frame of x0_pred.

    With frames and readings, of `readings`: what the frames before it support, and what else is there to be read. A
    task that is not a puzzle has no candidates and no readings. at_once: see `scoring.scored`. Raises InputError if the
    scorer has no score for a video.
    """
    made_here = case.task in puzzles.PUZZLES
    side = puzzles.side_of(case.task)
    answers = puzzles.answers_at(case.task, case.layout, side, side, case.frames) if made_here else {}

    def read(video: np.ndarray) -> dict[str, Any]:
        shown = {"masses": {}, "frames": [], "readings": {}}
        if made_here:
            board = puzzles.on_board(case.task, video)
            shown = {
                "masses": candidates.masses(case.task, board[-1], case.layout),
                "frames": readings.by_frame(board, answers),
                "readings": readings.named(case.task, board, case.layout),
            }
        return {"score": scorer(case, video), **shown}

    size = batch_of(trajectory.x0_pred(0))
    chunks = (range(trajectory.steps)[start : start + size] for start in range(0, trajectory.steps, size))
    videos = (  # a few at once: those of all steps of a 14B model's run take 10 GB and more
        video
        for steps in chunks
        for video in decode(vae, torch.cat([trajectory.x0_pred(step) for step in steps]), size)
    )
    found = scored(read, videos, at_once)
    return [{"step": step, "sigma": float(trajectory.sigmas[step]), **row} for step, row in enumerate(found)]
