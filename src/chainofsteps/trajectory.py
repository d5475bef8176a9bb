"""Trajectories: the latents of all steps of one run. Velocity and x0_pred follow from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from . import schedule
from .denoise import StepState, Velocity, denoise
from .errors import InputError
from .files import load_tensors, save_tensors
from .provenance import attention_backend, commit


@dataclass(frozen=True)
class Trajectory:
    """latents float32 (S + 1, C, F, h, w), the last one final; sigmas float32 (S + 1,); metadata as text."""

    latents: torch.Tensor
    sigmas: torch.Tensor
    metadata: Mapping[str, str] = field(default_factory=dict)

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

    def resume(self, velocity: Velocity, step: int) -> torch.Tensor:
        """The final latents (1, C, F, h, w), run again from `step`: the same bits as the stored ones."""
        return denoise(velocity, self.at(step), self.sigmas, start=step)


def record(velocity: Velocity, latents: torch.Tensor, sigmas: torch.Tensor, case: str) -> Trajectory:
    """Denoise latents (1, C, F, h, w) and keep those of all steps. Raises InputError at the first NaN."""
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

    `on_step` is called after each step. Raises InputError at the first NaN.
    """
    kept = list(prefix[:-1].split(1))

    def keep(state: StepState) -> None:
        check_finite(state.latents, case, state.step)
        kept.append(state.latents.cpu())
        on_step()

    final = denoise(velocity, prefix[-1:], sigmas, len(prefix) - 1, stop, on_step=keep)
    check_finite(final, case, len(kept) - 1)
    return torch.cat([*kept, final.cpu()])


def check_finite(latents: torch.Tensor, case: str, step: int, intervention: str = "baseline") -> None:
    """Raise InputError naming case, step and intervention if any of the latents is NaN or infinite."""
    if not torch.isfinite(latents).all():
        raise InputError(
            f"latents are not finite: case {case}, step {step}, intervention {intervention}; "
            "check the checkpoint's weights, or set dtype to float32"
        )


def save_trajectory(path: str | Path, trajectory: Trajectory, **metadata: Any) -> None:
    """Write `latents`, `sigmas` and metadata, with commit and attention backend, as safetensors."""
    made = {"commit": commit(), "attention_backend": attention_backend()}
    tensors = {"latents": trajectory.latents, "sigmas": trajectory.sigmas}
    save_tensors(path, tensors, {**trajectory.metadata, **made, **metadata})


def load_trajectory(path: str | Path) -> Trajectory:
    """Read what save_trajectory wrote. Raises InputError if the file is missing, truncated or another."""
    return from_tensors(*load_tensors(path), path)


def from_tensors(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str], path: str | Path) -> Trajectory:
    """A Trajectory of the tensors of a file; `path` only names it in errors."""
    if set(tensors) != {"latents", "sigmas"} or len(tensors["latents"]) != len(tensors["sigmas"]):
        raise InputError(f"{path} is not a trajectory; delete it and run again to make it")
    return Trajectory(tensors["latents"], tensors["sigmas"], metadata)
