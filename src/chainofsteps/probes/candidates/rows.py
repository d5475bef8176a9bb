"""Candidate answers of a case in latents, and what every step of a stored run says of them."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...bench import puzzles
from ...bench.cases import Case
from ...bench.puzzles.candidates import right_answers
from ...bench.puzzles.canvas import resampled
from ...bench.scoring import encode
from ...run.trajectory import Trajectory
from ...store.reader import ShardReader
from .observer import Candidates, bits_behind, mixture_weights, observer_weights

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan


def distinct_answers(case: Case) -> dict[str, tuple[np.ndarray, bool]]:
    """Each candidate answer of a puzzle: its video uint8 (T, H, W, 3) in the case's number of frames, and whether it is
    right. Candidates with equal videos are one, by the first name; right if one of them is."""
    right = right_answers(case.task, case.layout)
    answers: dict[str, tuple[np.ndarray, bool]] = {}
    videos = puzzles.answers_at(case.task, case.layout, case.height, case.width, case.frames)
    for name, video in videos.items():
        video = resampled(video, case.frames)
        same = next((known for known, (other, _) in answers.items() if np.array_equal(other, video)), name)
        answers[same] = (video, name in right or (same in answers and answers[same][1]))
    return answers


def encoded_answers(case: Case, vae: "AutoencoderKLWan") -> tuple[torch.Tensor, list[str], list[bool]]:
    """Normalised latents (K, C, F, h, w) float32 of a puzzle's candidate answers, their names, and which are right.

    The pixels are those of the training clips: uint8, 2 x / 255 - 1, and of the posterior the mode.
    """
    answers = distinct_answers(case)
    latents = torch.cat([encode(vae, video).float().cpu() for video, _ in answers.values()])
    return latents, list(answers), [right for _, right in answers.values()]


def stored(answers: ShardReader, case: str) -> Candidates:
    """The candidate answers of a case, from the shard that `encode_case` filled."""
    rows = answers.rows(case)
    latents = answers.load(case)[0]["latents"].flatten(1).double().numpy()
    return Candidates([row["candidate"] for row in rows], np.array([row["right"] for row in rows]), latents)


def step_rows(candidates: Candidates, trajectory: Trajectory) -> list[dict[str, Any]]:
    """A row per step of a stored run, with a dict of weights by candidate for the model and for each observer.

    Columns: step, sigma, residual (share of x0_pred that no mixture of candidates explains, in `Candidates.spread`),
    bits_behind (KL of the observer `right` from the model), answer (the candidate that the final latents are nearest
    to), answer_residual (their distance, in the same unit), model, observer_right, observer_all.
    """
    final = flat(trajectory.at(trajectory.steps))
    answer = candidates.nearest(final)
    left = float(np.linalg.norm(final - candidates.latents[answer])) / candidates.spread
    rows = []
    for step in range(trajectory.steps):
        sigma, latents = float(trajectory.sigmas[step]), flat(trajectory.at(step))
        model, residual = mixture_weights(candidates, flat(trajectory.x0_pred(step)))
        observers = {of: observer_weights(candidates, latents, sigma, of) for of in ("right", "all")}
        rows.append(
            {
                "step": step,
                "sigma": sigma,
                "residual": residual,
                "bits_behind": float(bits_behind(observers["right"], model)),
                "answer": candidates.names[answer],
                "answer_residual": left,
                "model": by_name(candidates, model),
                **{f"observer_{of}": by_name(candidates, weights) for of, weights in observers.items()},
            }
        )
    return rows


def flat(latents: torch.Tensor) -> np.ndarray:
    """Latents (1, C, F, h, w) as float64 (N,)."""
    return latents.double().numpy().ravel()


def by_name(candidates: Candidates, weights: np.ndarray) -> dict[str, float]:
    """Weights (K,) by the candidates' names."""
    return dict(zip(candidates.names, weights.tolist(), strict=True))
