"""Trajectories: the latents of all steps of one run. Velocity and x0_pred follow from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import InputError
from ..model import schedule
from .denoise import Velocity, denoise


@dataclass(frozen=True)
class Trajectory:
    """latents float32 (S + 1, C, F, h, w), the last one final; sigmas float32 (S + 1,)."""

    latents: torch.Tensor
    sigmas: torch.Tensor

    @property
    def steps(self) -> int:
        return len(self.sigmas) - 1

    def at(self, step: int) -> torch.Tensor:
        """Latents (1, C, F, h, w) before `step` (S: the final ones). Raises InputError outside 0..S."""
        if not 0 <= step <= self.steps:
            raise InputError(f"step {step} is out of range: the trajectory has steps 0 to {self.steps - 1}")
        return self.latents[step : step + 1]

    def x0_pred(self, step: int) -> torch.Tensor:
        """The clean estimate (1, C, F, h, w) of `step`. Raises InputError outside 0..S-1."""
        pair = self.at(step), self.at(step + 1)
        return schedule.x0_pred_from_pair(*pair, self.sigmas[step], self.sigmas[step + 1])

    def to_tensors(self) -> dict[str, torch.Tensor]:
        """For files.save_tensors."""
        return {"latents": self.latents, "sigmas": self.sigmas}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor], path: str | Path) -> "Trajectory":
        """Back from to_tensors; `path` only names the file in errors. InputError if it is no trajectory."""
        if set(tensors) != {"latents", "sigmas"} or len(tensors["latents"]) != len(tensors["sigmas"]):
            raise InputError(f"{path} is not a trajectory; delete it and run again to make it")
        return cls(**tensors)


def record(velocity: Velocity, latents: torch.Tensor, sigmas: torch.Tensor, case: str) -> Trajectory:
    """Denoise latents (1, C, F, h, w) along sigmas (S + 1,) and keep those of all steps. Raises InputError at
    the first NaN."""
    return Trajectory(extend(velocity, latents, sigmas, case), sigmas)


def extend(
    velocity: Velocity,
    prefix: torch.Tensor,
    sigmas: torch.Tensor,
    case: str,
    stop: int | None = None,
    on_step: Callable[[], None] = lambda: None,
) -> torch.Tensor:
    """Latents (stop + 1, C, F, h, w) up to a step (None: the end), from a prefix (k + 1, C, F, h, w).

    `on_step` is called after each step. Raises InputError at the first NaN, with the step that made it.
    """
    kept, latents = list(prefix.split(1)), prefix[-1:]
    for step in range(len(prefix) - 1, len(sigmas) - 1 if stop is None else stop):
        latents = denoise(velocity, latents, sigmas, step, step + 1)
        check_finite(latents, case, step)
        kept.append(latents.cpu())
        on_step()
    return torch.cat(kept)


def check_finite(latents: torch.Tensor, case: str, step: int, intervention: str = "baseline") -> None:
    """Raise InputError naming case, step and intervention if any of the latents is NaN or infinite.

    step: the one whose update made the latents.
    """
    if not torch.isfinite(latents).all():
        raise InputError(
            f"latents are not finite: case {case}, step {step}, intervention {intervention}; "
            "check the checkpoint's weights, or set dtype to float32"
        )
