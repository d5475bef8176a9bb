"""The probe of training-free ensembles: streams of several seeds merge inside the network at a few steps.

All ensembles of a single case run at once, from the stored trajectories of its seeds. At a merged step after the first,
the first stream is the run itself and the others are those of the other seeds' stored latents (merge.py). The
plan counts all their forwards beforehand.

Beside them run two baselines that average outside the network: the mean of the seeds' initial latents. Of K seeds its
standard deviation is 1 / sqrt(K) instead of the 1 that the model expects, so it also runs rescaled by sqrt(K).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from ...errors import InputError
from ...model.conditioning import Conditioning
from ...model.shapes import Latents, Sigmas, Video
from ...run.denoise import GuidedVelocity, PlainState
from ...run.probe import Probe, StepState, check_finite
from ...run.trajectory import Trajectory
from .merge import carried_on, merged_velocity
from .spec import OF_FINALS, OF_LATENTS, Ensemble, distinct


@dataclass(frozen=True)
class Start:
    """A seed of which nothing is known but its initial latents (1, C, F, h, w)."""

    noise: Latents

    def at(self, step: int) -> Latents:
        """The initial latents. InputError for any other step than 0."""
        if step:
            raise InputError(f"ensemble: step {step} of another seed was not run; set ensemble.controls to true")
        return self.noise


@dataclass(frozen=True)
class Ensembles(Probe[PlainState, dict[str, Video]]):
    """All ensembles of a case, and the baselines of OF_LATENTS; the result is their final latents by name.

    ensembles: with the same steps; those that are equal in effect run once. seeds: the stored trajectories of the K
    seeds, of which the first is carried; of the others their start is enough where all merge at step 0. conditioning:
    of the case, on the CPU. controls: the baselines run too. The probe runs with the case's GuidedVelocity, and its
    state has the latents (runs, C, F, h, w). Raises InputError if a step or a layer does not exist, if seeds are fewer
    than two, if steps differ, or if latents are not finite.
    """

    ensembles: Sequence[Ensemble]
    seeds: Sequence[Trajectory | Start]
    conditioning: Conditioning
    case: str
    controls: bool = True

    State: ClassVar[type] = PlainState

    def __post_init__(self) -> None:
        if len(self.seeds) < 2:
            raise InputError(f"ensemble: {len(self.seeds)} seed; give at least two")
        steps = {run.steps for run in self.ensembles}
        if len(steps) != 1:
            raise InputError(f"ensemble: {len(steps)} sets of steps; ensembles that run together have the same")
        if self.merged[-1] >= self.steps:
            raise InputError(f"ensemble: step {self.merged[-1]} is out of range; there are 0 to {self.steps - 1}")

    @property
    def sigmas(self) -> Sigmas:
        return self.seeds[0].sigmas

    @property
    def merged(self) -> tuple[int, ...]:
        """The steps at which streams merge."""
        return self.ensembles[0].steps

    @property
    def runs(self) -> list[Ensemble]:
        """The ensembles that run: no two of them are equal in effect."""
        return distinct(self.ensembles)

    @property
    def names(self) -> list[str]:
        """The names of the runs in the order of their latents; the baselines last."""
        return [*(run.name() for run in self.runs), *self.baselines]

    @property
    def baselines(self) -> tuple[str, ...]:
        """The names of the baselines that run."""
        return OF_LATENTS if self.controls else ()

    def begin(self) -> PlainState:
        if not self.controls:
            return PlainState(0, self._first_seed(0))
        noises = torch.cat([seed.at(0) for seed in self.seeds])
        mean = noises.mean(dim=0, keepdim=True)  # of K independent N(0, I): N(0, I / K)
        rescaled = self.conditioning.begin(mean * math.sqrt(len(noises)))
        return PlainState(0, torch.cat([self._first_seed(0), mean, rescaled]))

    def latents(self, state: PlainState, step: int) -> Latents:
        """All runs and baselines; before the first merge the baselines alone, since the first seed's run is stored."""
        runs, baselines = self._parts(state.latents)
        if step < self.merged[0]:
            return baselines
        if step in self.merged:
            runs = carried_on(self.runs, self._carried(state, step), self._others(step))
        return torch.cat([runs, baselines])

    def velocity_at(self, velocity: GuidedVelocity, state: PlainState, latents: Latents, step: int) -> Latents:
        """The hook: at a merged step the merged velocity of each run, and the network's of the baselines."""
        if step not in self.merged:
            return velocity(latents, step)
        runs, baselines = self._parts(latents)
        merged = merged_velocity(velocity, self.runs, runs, self._carried(state, step), self._others(step), step)
        return torch.cat([merged, velocity(baselines, step)]) if len(baselines) else merged

    def after(self, state: PlainState, seen: StepState, updated: Latents) -> PlainState:
        step = seen.step
        if step < self.merged[0]:
            updated = torch.cat([self._first_seed(step + 1), updated])
        for name, of_run in zip(self.names, updated, strict=True):
            check_finite(of_run, self.case, step, name)
        return PlainState(step + 1, updated)

    def result(self, state: PlainState) -> dict[str, Video]:
        return dict(zip(self.names, state.latents, strict=True))

    def _parts(self, latents: Latents) -> tuple[Latents, Latents]:
        """The latents of the ensembles, and of the baselines behind them."""
        return latents[: len(self.runs)], latents[len(self.runs) :]

    def _first_seed(self, step: int) -> Latents:
        """The first seed's stored latents before a step, once for every ensemble."""
        return self.seeds[0].at(step).repeat(len(self.runs), 1, 1, 1, 1)

    def _carried(self, state: PlainState, step: int) -> Latents:
        """Latents of the first stream: the same (1, C, F, h, w) for all runs at the first merge, later (runs, ...)."""
        return state.latents[:1] if step == self.merged[0] else self._parts(state.latents)[0]

    def _others(self, step: int) -> Latents:
        """The other seeds' stored latents (K - 1, C, F, h, w) before a step."""
        return torch.cat([seed.at(step) for seed in self.seeds[1:]])


def finals_of(single: Mapping[int, Latents], merged: Mapping[str, Video]) -> dict[str, Latents]:
    """Final latents (1, C, F, h, w) by name: of the seeds' own runs, of `Ensembles`, and of the mean of the seeds'
    final latents, which averages behind the network, unless one seed alone was run.

    single: of each seed that was run (1, C, F, h, w). merged: (C, F, h, w) by name.
    """
    finals = {f"seed{seed}": final for seed, final in single.items()}
    finals |= {name: final[None] for name, final in merged.items()}
    mean = {OF_FINALS: torch.cat(list(single.values())).mean(dim=0, keepdim=True)}
    return {**finals, **(mean if len(single) > 1 else {})}
