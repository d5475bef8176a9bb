"""A run as it is, and beside it one whose latents are made anew from the clean estimate after every step.

In the second run all that a step hands on is its x0_pred: x <- (1 - sigma') x0_pred + sigma' eps with new noise. If a
chain of steps computes with what the latents hold beside the estimate, the second run loses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ...model.conditioning import Conditioning
from ...model.shapes import Latents, Sigmas
from ...run.denoise import generator
from ...run.probe import Probe, StepState, check_finite, saved_step
from .nouns import KINDS


@dataclass(frozen=True)
class PairState:
    """The latents (2, C, F, h, w) of the two runs before `step`, in the order of KINDS."""

    step: int
    latents: Latents

    def to_tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for files.save_tensors."""
        return {"step": torch.tensor(self.step), "latents": self.latents}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "PairState":
        """The state that `to_tensors` wrote."""
        return cls(saved_step(tensors), tensors["latents"])


@dataclass(frozen=True)
class PlainAndRenoised(Probe[PairState, Latents]):
    """Both runs from one noise (1, C, F, h, w); the result is their final latents (2, C, F, h, w).

    case, seed: of the run, which the new noise of each step is drawn by. Raises InputError at the first step whose
    latents are not finite.
    """

    noise: Latents
    sigmas: Sigmas
    conditioning: Conditioning
    case: str
    seed: int

    State: ClassVar[type] = PairState

    def begin(self) -> PairState:
        return PairState(0, self.conditioning.begin(self.noise).repeat(len(KINDS), 1, 1, 1, 1))

    def latents(self, state: PairState, step: int) -> Latents:
        return state.latents

    def after(self, state: PairState, seen: StepState, updated: Latents) -> PairState:
        sigma = self.sigmas[seen.step + 1]
        source = generator(self.case, self.seed, "renoised", self.steps, seen.step)
        eps = torch.randn(self.noise.shape, generator=source, dtype=torch.float32)
        anew = self.conditioning.begin((1 - sigma) * seen.x0_pred[1:].cpu() + sigma * eps)
        latents = torch.cat([updated[:1].cpu(), anew])
        check_finite(latents, self.case, seen.step)
        return PairState(seen.step + 1, latents)

    def result(self, state: PairState) -> Latents:
        return state.latents
