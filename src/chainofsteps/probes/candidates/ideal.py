"""The ideal denoiser in place of the network: its runs, and what noise does to them. No forward, no decoding."""

from collections.abc import Mapping
from typing import Any

import torch

from ...model.shapes import Latents, Sigmas
from ...names import RunId
from ...run.trajectory import Trajectory, record
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..noise.run import sweep
from ..noise.similarity import Similarity
from ..noise.spec import block_layer, expand
from .observer import Candidates, ideal_x0_pred
from .rows import flat, stored


class IdealVelocity:
    """The velocity (B, C, F, h, w) of the exact denoiser of a case's right answers, as the loop calls a network's."""

    def __init__(self, candidates: Candidates, sigmas: Sigmas) -> None:
        self.candidates, self.sigmas = candidates, sigmas

    def x0_pred(self, latents: Latents, step: int) -> Latents:
        """The clean estimate (B, C, F, h, w) of noisy latents at a step."""
        sigma = float(self.sigmas[step])
        clean = [torch.from_numpy(ideal_x0_pred(self.candidates, flat(each), sigma)) for each in latents.split(1)]
        return torch.stack(clean).reshape(latents.shape).to(latents.dtype)

    def __call__(self, latents: Latents, step: int) -> Latents:
        return (latents - self.x0_pred(latents, step)) / self.sigmas[step]


def ideal_run(candidates: Candidates, of: Trajectory, label: str) -> Trajectory:
    """The run of the exact denoiser from the noise of a stored run. label: of the case, in errors."""
    return record(IdealVelocity(candidates, of.sigmas), of.at(0), of.sigmas, label)


def ideal_noise(
    answers: ShardReader,
    trajectories: ShardReader,
    run: RunId,
    null_seed: int,
    noise: Mapping[str, Any],
    similarity: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Rows of CKA of the exact denoiser's run from the noise of `run`, after the noise at a step that `noise` says.

    As `noise.run.sweep` has them, of the features that are no layers: the exact denoiser has none.
    """
    candidates = stored(answers, run.case)
    clean, null = (
        ideal_run(candidates, untouched(trajectories, RunId(run.task, run.case, seed)), run.label)
        for seed in (run.seed, null_seed)
    )
    interventions = expand({**noise, "schemes": ["step"]}, clean.steps, clean.latents.shape[2])
    features = [name for name in similarity["features"] if block_layer(name) is None] or ["latents"]
    compared = Similarity.from_config({**similarity, "features": features})
    velocity = IdealVelocity(candidates, clean.sigmas)
    found = sweep(velocity, clean, interventions, run.label, run.seed, compared, null)
    return [{**row, "case": run.case} for row in found.rows]
