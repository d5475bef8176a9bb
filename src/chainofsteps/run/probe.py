"""The loop: every run and every probe takes its steps here, and here is the only Euler step of the package.

A probe says which latents go through the network at a step and what follows from the update; `advance` does the rest.
The plain run from noise to latents is the simplest probe (denoise.py), a trajectory keeps its latents (trajectory.py),
and probes/ has those that disturb, swap and merge.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeVar

import torch
from torch import Tensor

from ..errors import InputError
from ..model import schedule
from ..model.shapes import Latents, Sigmas


class Velocity(Protocol):
    """A network as the loop calls it: the velocity (B, C, F, h, w) of latents (B, C, F, h, w) at a step.

    One with a `latents_dtype` has its latents rounded to that before and after each update; they stay float32 tensors.
    """

    def __call__(self, latents: Latents, step: int) -> Latents: ...


@dataclass(frozen=True)
class StepState:
    """A step as callbacks and probes see it: latents at sigma () in [0, 1] before the update, velocity after guidance.

    latents, velocity and x0_pred have shape (B, C, F, h, w).
    """

    step: int
    sigma: Tensor
    latents: Latents
    velocity: Latents

    @property
    def x0_pred(self) -> Latents:
        """The clean estimate, latents - sigma velocity."""
        return schedule.x0_pred(self.latents, self.velocity, self.sigma)


class State(Protocol):
    """Everything that a probe needs in order to go on from `step`. Nothing changes a state in place."""

    @property
    def step(self) -> int: ...
    def to_tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for files.save_tensors."""

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """The state that `to_tensors` wrote. Raises InputError if another version wrote it."""


AnyState = TypeVar("AnyState", bound=State)
Result = TypeVar("Result", covariant=True)
OnStep = Callable[[StepState], None]


class Probe(Protocol[AnyState, Result]):
    """An experiment on the steps of sigmas (S + 1,). Subclasses inherit `steps`, `velocity_at` and `resume`.

    `velocity_at` is a hook: a probe overrides it if a step needs more than a call of the network with its latents, such
    as streams of two prompts (swap) or streams that merge inside the network (ensemble).
    """

    State: ClassVar[type]  # the class of the probe's states
    sigmas: Sigmas

    @property
    def steps(self) -> int:
        """The number of steps, S."""
        return len(self.sigmas) - 1

    def begin(self) -> AnyState:
        """The state before step 0."""
        ...

    def latents(self, state: AnyState, step: int) -> Latents:
        """The latents that take the step: a batch for the network. An empty batch costs no forward."""
        ...

    def velocity_at(self, velocity: Velocity, state: AnyState, latents: Latents, step: int) -> Latents:
        """The velocity of `latents` at the step: by default the network's."""
        return velocity(latents, step)

    def after(self, state: AnyState, seen: StepState, updated: Latents) -> AnyState:
        """The state of the next step; `updated` are the latents of `seen` after the update."""
        ...

    def result(self, state: AnyState) -> Result:
        """The outcome, from the state after the last step."""
        ...

    def resume(self, tensors: Mapping[str, Tensor]) -> AnyState:
        """The state that was saved as `tensors`; the first state if they are empty."""
        return self.State.from_tensors(tensors) if tensors else self.begin()


@torch.no_grad()
def advance(
    probe: Probe[AnyState, Any],
    velocity: Velocity,
    state: AnyState,
    stop: int | None = None,
    on_step: OnStep | None = None,
) -> AnyState:
    """Take a probe through the steps from state.step up to, but not including, `stop` (None: all that are left).

    velocity: of the network; swaps and ensembles need a GuidedVelocity. on_step: called after each step. `state` stays
    as it is. Raises InputError if the steps are outside 0..S.
    """
    stop = probe.steps if stop is None else stop
    check_steps(state.step, stop, probe.steps)
    dtype = getattr(velocity, "latents_dtype", torch.float32)
    for step in range(state.step, stop):
        sigma, sigma_next = probe.sigmas[step], probe.sigmas[step + 1]
        latents = probe.latents(state, step)
        v = probe.velocity_at(velocity, state, latents, step) if len(latents) else latents
        updated = schedule.euler_step(latents, v, sigma, sigma_next, dtype)  # x <- x + v (sigma_next - sigma)
        seen = StepState(step, sigma, latents, v)
        state = probe.after(state, seen, updated)
        if on_step is not None:
            on_step(seen)
    return state


def check_steps(start: int, stop: int, steps: int) -> None:
    """Raise InputError unless 0 <= start <= stop <= steps."""
    if not 0 <= start <= stop <= steps:
        raise InputError(f"steps {start} to {stop} are out of range: the schedule has {steps} steps, 0 to {steps - 1}")


def check_finite(latents: Tensor, case: str, step: int, intervention: str = "baseline") -> None:
    """Raise InputError that names case, step and intervention if any of the latents is NaN or infinite.

    step: the step whose update wrote the latents.
    """
    if not torch.isfinite(latents).all():
        raise InputError(
            f"latents are not finite: case {case}, step {step}, intervention {intervention}; "
            "check the checkpoint's weights, or set dtype to float32"
        )


def saved_step(tensors: Mapping[str, Tensor]) -> int:
    """The step of a saved state. Raises InputError if an earlier version saved it, without its step."""
    if "step" not in tensors:
        raise InputError("a half-finished run was saved by an earlier version; delete its *-until* files and run again")
    return int(tensors["step"])
