"""The stored trajectories of a shard, read by the run's name."""

import torch

from ..names import RunId
from ..run.trajectory import Trajectory
from .reader import ShardReader


def untouched(trajectories: ShardReader, run: RunId) -> Trajectory:
    """The trajectory of a run. Raises InputError if the shard has none, or if its file is damaged."""
    return Trajectory.from_tensors(trajectories.load(run.name)[0], trajectories.path(run.name))


def final_latents(trajectories: ShardReader, run: RunId) -> torch.Tensor:
    """The latents (1, C, F, h, w) that a run ends with. Raises InputError as `untouched` does."""
    return trajectories.load(run.name)[0]["latents"][-1:]
