"""Trajectories: the latents of all steps of a run. Velocity and x0_pred follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ..errors import InputError
from ..model import schedule
from ..model.shapes import Latents, Sigmas
from .probe import OnStep, Probe, StepState, Velocity, advance, check_finite

ENDS = [0, -1]  # the latents that Ends keeps


@dataclass(frozen=True)
class Trajectory:
    """latents float32 (S + 1, C, F, h, w), the last of them final; sigmas float32 (S + 1,)."""

    latents: Latents
    sigmas: Sigmas

    @property
    def steps(self) -> int:
        """The number of steps, S."""
        return len(self.sigmas) - 1

    def at(self, step: int) -> Latents:
        """Latents (1, C, F, h, w) before `step` (S: the final latents). Raises InputError outside 0..S."""
        if not 0 <= step <= self.steps:
            raise InputError(f"step {step} is out of range: the trajectory has steps 0 to {self.steps - 1}")
        return self.latents[step : step + 1]

    def x0_pred(self, step: int) -> Latents:
        """The clean estimate (1, C, F, h, w) of `step`. Raises InputError outside 0..S-1."""
        pair = self.at(step), self.at(step + 1)
        return schedule.x0_pred_from_pair(*pair, self.sigmas[step], self.sigmas[step + 1])

    def to_tensors(self) -> dict[str, Tensor]:
        """The trajectory as tensors, for files.save_tensors."""
        return {"latents": self.latents, "sigmas": self.sigmas}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], path: str | Path) -> "Trajectory":
        """The trajectory that `to_tensors` wrote, or its ends; path: named in errors. Raises InputError if the
        tensors are no trajectory."""
        kept = {len(tensors.get("sigmas", ())): cls, len(ENDS): Ends}
        if set(tensors) != {"latents", "sigmas"} or len(tensors["latents"]) not in kept:
            raise InputError(f"{path} is not a trajectory; delete it and run again to make it")
        return kept[len(tensors["latents"])](**tensors)


@dataclass(frozen=True)
class Ends(Trajectory):
    """A run of which only the noise and the final latents are kept: latents float32 (2, C, F, h, w)."""

    def at(self, step: int) -> Latents:
        """As of a trajectory. Raises InputError for every step but 0 and S."""
        if step not in (0, self.steps):
            raise InputError(f"the latents of step {step} were not kept; set trajectory.keep to all and run again")
        return self.latents[:1] if step == 0 else self.latents[1:]


def ends_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a trajectory without the latents between its first and its last."""
    return {**tensors, "latents": tensors["latents"][ENDS]}


@dataclass(frozen=True)
class Prefix:
    """A trajectory up to a step: the latents (1, C, F, h, w) before each step from 0 to `step`."""

    latents: tuple[Latents, ...]
    sigmas: Sigmas

    @property
    def step(self) -> int:
        """The step that comes next."""
        return len(self.latents) - 1

    def to_tensors(self) -> dict[str, Tensor]:
        """Latents (step + 1, C, F, h, w) and sigmas (S + 1,); after the last step the tensors of the Trajectory."""
        return {"latents": torch.cat(self.latents), "sigmas": self.sigmas}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "Prefix":
        """The prefix that `to_tensors` wrote."""
        return cls(tensors["latents"].split(1), tensors["sigmas"])


@dataclass(frozen=True)
class Recording(Probe[Prefix, Trajectory]):
    """A plain run that keeps the latents of all steps.

    noise: the latents (1, C, F, h, w) before step 0. case: its name in errors. Raises InputError at the first step
    whose latents are not finite.
    """

    noise: Latents
    sigmas: Sigmas
    case: str

    State: ClassVar[type] = Prefix

    def begin(self) -> Prefix:
        return Prefix((self.noise,), self.sigmas)

    def latents(self, state: Prefix, step: int) -> Latents:
        return state.latents[-1]

    def after(self, state: Prefix, seen: StepState, updated: Latents) -> Prefix:
        check_finite(updated, self.case, seen.step)
        return Prefix((*state.latents, updated.cpu()), self.sigmas)

    def result(self, state: Prefix) -> Trajectory:
        return Trajectory(**state.to_tensors())


def record(velocity: Velocity, noise: Latents, sigmas: Sigmas, case: str, on_step: OnStep | None = None) -> Trajectory:
    """The trajectory of a plain run from noise (1, C, F, h, w) along sigmas (S + 1,); see Recording."""
    recording = Recording(noise, sigmas, case)
    return recording.result(advance(recording, velocity, recording.begin(), on_step=on_step))
