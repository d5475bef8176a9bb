"""Pictures of what an ideal denoiser would have estimated at the steps of a stored run, for Figure B1."""

from collections.abc import Callable

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from ...model.shapes import Latents
from ...model.vae import decode
from ...run.trajectory import Trajectory
from ...store.shards import ShardReader
from ...store.untouched import untouched
from ..x0_pred.pictures import Shown
from .job import stored
from .observer import Candidates, ideal_x0_pred
from .rows import flat

Estimate = Callable[[int], Latents]


def ideal_estimate(candidates: Candidates, trajectory: Trajectory) -> Estimate:
    """The ideal denoiser's own x0_pred (1, C, F, h, w) at a step of the run: it knows the right answers."""

    def at(step: int) -> Latents:
        latents = trajectory.at(step)
        ideal = ideal_x0_pred(candidates, flat(latents), float(trajectory.sigmas[step]))
        return torch.from_numpy(ideal).float().reshape(latents.shape)

    return at


def ideal_pictures(
    panel: Shown, trajectories: ShardReader, answers: ShardReader, vae: AutoencoderKLWan
) -> dict[str, torch.Tensor]:
    """As `x0_pred.pictures.pictures`, of the ideal denoiser: its pictures and the sigmas of a panel."""
    trajectory, steps = untouched(trajectories, panel.run), list(panel.steps)
    estimate = ideal_estimate(stored(answers, panel.run.case), trajectory)
    shown = np.stack([decode(vae, estimate(step))[0][list(panel.frames)] for step in steps])
    return {f"{panel.name}-pictures": torch.from_numpy(shown), f"{panel.name}-sigmas": trajectory.sigmas[steps]}
