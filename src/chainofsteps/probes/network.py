"""The model of a job, ready to run the cases of its shard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch

from ..model.conditioning import Conditioning
from ..model.load import Experts
from ..model.network import Forwards
from ..model.sampling import Sampling, placement
from ..names import RunId
from ..run.denoise import GuidedVelocity
from ..run.probe import Probe, StepState, advance
from ..run.taps import Tap
from ..store.job import Job
from ..store.pieces import Piece
from ..store.provenance import made_with
from ..store.reader import ShardReader


@dataclass(frozen=True)
class Network:
    """The transformers, the sampling settings, and the conditioning of each case (`encoded`)."""

    experts: Experts
    sampling: Sampling
    encoded: ShardReader

    @classmethod
    def of(cls, job: Job, **fixed: Any) -> Network:
        """From a job's params.sampling and its inputs model and conditioning; fixed: settings of this job alone."""
        placed = placement(job.config, job.wildcards.model)
        sampling = Sampling.from_config({**job.params.sampling, **fixed, **placed})
        return cls(Experts.of(job.model, sampling), sampling, job.read("conditioning"))

    @cached_property
    def sigmas(self) -> torch.Tensor:
        """(S + 1,) of the model's own number of steps."""
        return self.experts.sigmas()

    @cached_property
    def about(self) -> dict[str, Any]:
        """For the metadata of items and manifests."""
        return made_with(self.sampling)

    def conditioning(self, case: str) -> Conditioning:
        return Conditioning.from_tensors(self.encoded.load(case)[0])

    def identities(self, runs: Mapping[str, RunId]) -> dict[str, str]:
        """Of each run the identity of its case."""
        return {name: self.encoded.identities[run.case] for name, run in runs.items()}

    def velocity(
        self,
        conditioning: Conditioning,
        tap: Tap | None = None,
        sigmas: torch.Tensor | None = None,
        counter: Forwards | None = None,
    ) -> GuidedVelocity:
        """The velocity of a case along sigmas (S + 1,), by default the model's own; counter: by default a new one."""
        sigmas = self.sigmas if sigmas is None else sigmas
        counter = Forwards() if counter is None else counter
        sampling = replace(self.sampling, steps=len(sigmas) - 1)
        return GuidedVelocity(self.experts, conditioning, sigmas, sampling, counter, tap)


def through(probe: Probe, velocity: GuidedVelocity, piece: Piece, samples: bool = False) -> Any:
    """The state of a probe at the end of a piece, from what the piece before it saved.

    samples: progress is counted in samples that went through the network, else in steps.
    """

    def on_step(seen: StepState) -> None:
        piece.on_progress(len(seen.latents) if samples else 1)

    return advance(probe, velocity, probe.resume(piece.before), piece.stop, on_step)
