"""Pictures of what an ideal denoiser would have estimated at the steps of a stored run, for Figure B1."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from ...model.vae import decode
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..x0_pred.pictures import Shown
from .ideal import IdealVelocity
from .rows import stored

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan


def ideal_pictures(
    panel: Shown, trajectories: ShardReader, answers: ShardReader, vae: "AutoencoderKLWan"
) -> dict[str, torch.Tensor]:
    """As `x0_pred.pictures.pictures`, of the ideal denoiser: its pictures and the sigmas of a panel."""
    trajectory, steps = untouched(trajectories, panel.run), list(panel.steps)
    ideal = IdealVelocity(stored(answers, panel.run.case), trajectory.sigmas)
    estimates = [ideal.x0_pred(trajectory.at(step), step) for step in steps]
    videos = [decode(vae, estimate)[0] for estimate in estimates]
    shown = np.stack([video[list(panel.of_video(len(video)).frames)] for video in videos])
    return {f"{panel.name}-pictures": torch.from_numpy(shown), f"{panel.name}-sigmas": trajectory.sigmas[steps]}
