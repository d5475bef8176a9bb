"""Pictures of x0_pred for the figures that show runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from ...model.vae import decode
from ...names import RunId
from ...store.reader import ShardReader
from ...store.untouched import untouched

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan


class Shown(Protocol):
    """A panel: its name, a run, and the steps and frames of it that the figure shows."""

    name: str
    run: RunId
    steps: Sequence[int]
    frames: Sequence[int]

    def of_video(self, frames: int) -> "Shown":
        """The same of a video of so many frames, whose frames are numbers."""


def pictures(
    panel: Shown, trajectories: ShardReader, vae: "AutoencoderKLWan"
) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    """Pictures uint8 (steps, frames, H, W, 3), sigmas (steps,) and numbers of the frames of a panel, and the video that
    its run ends with."""
    trajectory, steps = untouched(trajectories, panel.run), list(panel.steps)
    *estimates, final = (decode(vae, trajectory.x0_pred(step))[0] for step in (*steps, trajectory.steps - 1))
    frames = list(panel.of_video(len(final)).frames)
    kept = {"pictures": torch.from_numpy(np.stack([estimate[frames] for estimate in estimates]))}
    kept |= {"sigmas": trajectory.sigmas[steps], "frames": torch.tensor(frames)}
    return {f"{panel.name}-{key}": value for key, value in kept.items()}, final
