"""Pictures of x0_pred for the figures that show runs."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from ...model.vae import decode
from ...names import RunId
from ...store.reader import ShardReader
from ...store.untouched import untouched


class Shown(Protocol):
    """A panel: its name, a run, and the steps and frames of it that the figure shows."""

    name: str
    run: RunId
    steps: Sequence[int]
    frames: Sequence[int]


def pictures(
    panel: Shown, trajectories: ShardReader, vae: AutoencoderKLWan
) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    """Pictures uint8 (steps, frames, H, W, 3) and sigmas (steps,) of a panel, and the video that its run ends with."""
    trajectory, steps = untouched(trajectories, panel.run), list(panel.steps)
    *estimates, final = (decode(vae, trajectory.x0_pred(step))[0] for step in (*steps, trajectory.steps - 1))
    shown = np.stack([estimate[list(panel.frames)] for estimate in estimates])
    return {f"{panel.name}-pictures": torch.from_numpy(shown), f"{panel.name}-sigmas": trajectory.sigmas[steps]}, final
