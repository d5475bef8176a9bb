"""When is the answer decided? The clean estimate of every step, decoded, scored, and read for candidate answers.

x0_pred = x_sigma - sigma velocity (schedule.py) is a whole video at every step. Its score by step says when the answer
is settled; the masses of the candidates say which answers were still alive before.
"""

from typing import Any

import torch
from diffusers import AutoencoderKLWan

from ...bench import puzzles, readings
from ...bench.cases import Case
from ...bench.puzzles import candidates
from ...bench.scoring import Scorer, batch_of, score
from ...model.vae import decode
from ...run.trajectory import Trajectory

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
    case: Case, trajectory: Trajectory, vae: AutoencoderKLWan, scorer: Scorer = score
) -> list[dict[str, Any]]:
    """A row per step: step, sigma, score in [0, 1] and the mass of each candidate in the last frame of x0_pred.

    With frames and readings, of `readings`: what the frames before it support, and what else is there to be read. A
    task that is not a puzzle has no candidates and no readings. Raises InputError if the scorer has no score for a
    video.
    """
    made_here = case.task in puzzles.PUZZLES
    answers = puzzles.puzzle(case.task).answers(case.layout) if made_here else {}
    size = batch_of(trajectory.x0_pred(0))
    chunks = (range(trajectory.steps)[start : start + size] for start in range(0, trajectory.steps, size))
    videos = (  # a few at once: those of all steps of a 14B model's run take 10 GB and more
        video
        for steps in chunks
        for video in decode(vae, torch.cat([trajectory.x0_pred(step) for step in steps]), size)
    )
    return [
        {
            "step": step,
            "sigma": float(trajectory.sigmas[step]),
            "score": scorer(case, video),
            "masses": candidates.masses(case.task, video[-1], case.layout) if made_here else {},
            "frames": readings.by_frame(video, answers) if made_here else [],
            "readings": readings.named(case.task, video, case.layout) if made_here else {},
        }
        for step, video in enumerate(videos)
    ]
