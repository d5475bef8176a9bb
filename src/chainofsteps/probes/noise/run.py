"""The sweep: many interventions on one baseline, in one walk over the steps.

A perturbed run is the baseline up to its start, so it starts there from the stored latents; at each step all
runs that have started form one batch. A sweep is of ONE case and seed: the batches, and with them the bits,
do not depend on which other cases are in the job, nor on where it was resumed.

`Sweep.advance` stops at any step with a state that can be saved, so that a job takes all its cases through
the steps of the high-noise expert, and then through those of the low-noise one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ...model import schedule
from ...run.denoise import Velocity, generator
from ...run.taps import Tap
from ...run.trajectory import Trajectory, check_finite
from .similarity import Similarity, token_features
from .spec import Intervention, apply, check_exists, references

# Features (rbf: pairs of tokens) of the runs compared at once, in float64: two of a 14B model, all of the embedded one.
COMPARED_ELEMENTS = 2**22
SAVED_EVERY = 5  # steps: about an hour of a 14B model at full size, whose sweep takes half a day


@dataclass(frozen=True)
class SweepState:
    """Where a sweep stands: all that the steps from `step` on need.

    latents (runs, C, F, h, w): x_step of each run, with the noise injected before the forward of `step`; of
    a run that has not started, the baseline's. dissimilarity (runs [+ 1: the null], S) float64: 1 - CKA at
    each step, nan where it was not measured.
    """

    step: int
    latents: Tensor
    dissimilarity: Tensor

    def to_tensors(self) -> dict[str, Tensor]:
        """For files.save_tensors."""
        return {"step": torch.tensor(self.step), "latents": self.latents, "dissimilarity": self.dissimilarity}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "SweepState":
        """Back from to_tensors: step (), latents (runs, C, F, h, w), dissimilarity (runs [+ 1], S)."""
        return cls(int(tensors["step"]), tensors["latents"], tensors["dissimilarity"])


@dataclass(frozen=True)
class NoiseResult:
    """latents: final latents (C, F, h, w) by the intervention's name. rows: of the CKA table, less model,
    task, kind."""

    latents: dict[str, Tensor]
    rows: list[dict[str, Any]]


class BlockTap(Tap):
    """Dissimilarity of the hidden states after one layer, conditional branch, with those of the batch's
    first item.

    Reduced on the device: for a 14B model the hidden states of one item are 0.7 GB.
    """

    def __init__(self, similarity: Similarity, steps: int):
        super().__init__([similarity.layer], range(steps), "cond", self._reduce)
        self.similarity = similarity
        self._first: Tensor | None = None

    def _reduce(self, hidden_states: Tensor) -> Tensor:
        if self._first is None:  # the first chunk of a batch
            self._first = hidden_states[0]
        return self.similarity.dissimilarity(hidden_states, self._first)

    def take_dissimilarity(self) -> Tensor:
        """(B,) of the batch that ran last."""
        self._first = None
        (kept,) = self.take().values()
        return kept[:, 0]


def block_tap(similarity: Similarity, steps: int) -> BlockTap | None:
    """The tap that GuidedVelocity and Sweep both need for features "block:<l>"; None for other features."""
    return None if similarity.layer is None else BlockTap(similarity, steps)


@dataclass(frozen=True)
class Sweep:
    """What is swept: `interventions` on the run of (case, seed) whose trajectory is `baseline`.

    baseline: latents (S + 1, C, F, h, w). null: the trajectory of the same case from another seed; its
    dissimilarity is the re-seed null. tap: see `block_tap`. Latents stay on the CPU; the velocity takes them to
    its device and back. InputError if an intervention is at a step or latent frame that does not exist, or if
    the baseline is not finite; ValueError if tap and similarity do not go together.
    """

    baseline: Trajectory
    interventions: Sequence[Intervention]
    case: str
    seed: int
    similarity: Similarity = field(default_factory=Similarity)
    null: Trajectory | None = None
    tap: BlockTap | None = None

    def __post_init__(self) -> None:
        if (self.similarity.layer is None) != (self.tap is None):
            raise ValueError("a tap goes with features block:<layer>, and with no others: see block_tap")
        for run in self.interventions:
            check_exists(run, self.steps, self.baseline.latents.shape[2])
        for step, made in enumerate(self.baseline.latents[1:]):
            check_finite(made, self.case, step)

    @property
    def steps(self) -> int:
        return self.baseline.steps

    def begin(self) -> SweepState:
        """The state before step 0."""
        rows = len(self.interventions) + (self.null is not None)
        latents = self._clean(0)
        self._inject("before", 0, latents, 0, None)
        return SweepState(0, latents, torch.full((rows, self.steps), torch.nan, dtype=torch.float64))

    def advance(
        self,
        velocity: Velocity,
        state: SweepState,
        stop: int | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> SweepState:
        """Take the steps from state.step up to, not including, `stop` (None: all). `state` is left as it is.

        `on_progress` is called after each step with the number of samples it ran. InputError naming case,
        step and intervention if latents are not finite.
        """
        for _ in range(state.step, self.steps if stop is None else stop):
            state, ran = self._step(velocity, state)
            if on_progress is not None:
                on_progress(ran)
        return state

    def result(self, state: SweepState) -> NoiseResult:
        """What came of it, from the state after the last step."""
        if state.step != self.steps:
            raise ValueError(f"the sweep stands before step {state.step} of {self.steps}: advance it to the end")
        names = [run.name() for run in self.interventions]
        return NoiseResult(dict(zip(names, state.latents, strict=True)), self._rows(state.dissimilarity))

    def _step(self, velocity: Velocity, state: SweepState) -> tuple[SweepState, int]:
        """One step of all runs; the state after it and the number of samples that ran."""
        t, sigmas = state.step, self.baseline.sigmas
        active = self._runs(lambda run: run.start <= t)
        first, last = self._riding(t)
        batch = torch.cat([*first, state.latents[active], *last])
        latents = self._clean(t + 1)  # a run that has not started takes the baseline's step
        if len(batch):
            updated = schedule.euler_step(batch, velocity(batch, t), sigmas[t], sigmas[t + 1])
            latents[active] = updated[len(first) : len(first) + len(active)]
        x0_pred = schedule.x0_pred_from_pair(state.latents, latents, sigmas[t], sigmas[t + 1])
        self._inject("after", t, latents, t + 1, x0_pred)
        if not torch.isfinite(latents).all():
            for run, of_run in zip(self.interventions, latents, strict=True):
                check_finite(of_run, self.case, t, run.name())
        dissimilarity = state.dissimilarity.clone()
        null = [-1] * (self.null is not None)  # its row is the last
        if self.tap is None:
            runs, values = self._compare(t, latents, x0_pred)
            dissimilarity[runs + null, t] = values
        elif first:  # what all are compared with
            dissimilarity[active + null, t] = self.tap.take_dissimilarity()[1:]
        self._inject("before", t + 1, latents, t + 1, x0_pred)
        return SweepState(t + 1, latents, dissimilarity), len(batch)

    def _clean(self, step: int) -> Tensor:
        """x_step of the baseline, once for every run."""
        return self.baseline.latents[step].repeat(len(self.interventions), 1, 1, 1, 1)

    def _runs(self, which: Callable[[Intervention], bool]) -> list[int]:
        return [i for i, run in enumerate(self.interventions) if which(run)]

    def _riding(self, step: int) -> tuple[list[Tensor], list[Tensor]]:
        """The clean runs that stand first (baseline) and last (null) in the batch: none without a tap."""
        count = 0 if self.tap is None else references(self.interventions, step, self.null is not None)
        return [self.baseline.at(step)] * (count > 0), [self.null.at(step)] if count > 1 else []

    def _inject(self, timing: str, step: int, latents: Tensor, level: int, x0_pred: Tensor | None) -> None:
        """In place, into latents (runs, ...) at sigmas[level]: the noise of all runs that act at `step`."""
        for i, run in enumerate(self.interventions):
            if run.timing == timing and run.acts_at(step) and step < self.steps:
                estimate = None if x0_pred is None else x0_pred[i]
                eps = noise_of(run, step, self.case, self.seed, latents.shape[1:])
                latents[i] = apply(run, step, latents[i], self.baseline.sigmas[level], estimate, eps)

    def _compare(self, step: int, latents: Tensor, x0_pred: Tensor) -> tuple[list[int], Tensor]:
        """The runs that have changed by the end of a step; their dissimilarity, and the null's behind it."""
        if self.similarity.features == "latents":
            runs = self._runs(lambda run: run.first_step <= step)
            perturbed, of = latents, lambda trajectory: trajectory.at(step + 1)
        else:
            runs = self._runs(lambda run: run.start <= step)
            perturbed, of = x0_pred, lambda trajectory: trajectory.x0_pred(step)
        clean = token_features(of(self.baseline)[0])
        of_run = clean.numel() if self.similarity.kernel == "linear" else len(clean) ** 2
        at_once = max(1, COMPARED_ELEMENTS // of_run)
        compared = [perturbed[part] for part in torch.tensor(runs, dtype=torch.long).split(at_once)]
        compared += [of(self.null)] if self.null is not None else []
        values = [self.similarity.dissimilarity(token_features(part), clean) for part in compared if len(part)]
        return runs, torch.cat(values) if values else torch.empty(0, dtype=torch.float64)

    def _rows(self, dissimilarity: Tensor) -> list[dict[str, Any]]:
        null = {"run": "reseed", "step": None, "frame": None, "operator": None}
        described = [run.row() for run in self.interventions] + [null] * (self.null is not None)
        about = {"case": self.case, "seed": self.seed}
        return [
            {
                **about,
                **{key: row[key] for key in null},
                "later_step": step,
                "features": self.similarity.features,
                "dissimilarity": value,
            }
            for row, values in zip(described, dissimilarity.tolist(), strict=True)
            for step, value in enumerate(values)
            if not math.isnan(value)  # nan: not measured
        ]


def noise_of(run: Intervention, step: int, case: str, seed: int, shape: Sequence[int]) -> Tensor:
    """The noise eps that `run` injects at `step`: N(0, 1), float32, of `shape` (C, F, h, w).

    It depends on noise_seed, case and seed, and on the step if it is fresh. All interventions of a sweep
    share it, so that they differ in where and how it enters and in nothing else.
    """
    parts = ("noise", run.noise_seed, case, seed, *([step] if run.noise == "fresh" else []))
    return torch.randn(tuple(shape), generator=generator(*parts), dtype=torch.float32)


def sweep(
    velocity: Velocity,
    baseline: Trajectory,
    interventions: Sequence[Intervention],
    case: str,
    seed: int,
    similarity: Similarity | None = None,
    null: Trajectory | None = None,
    tap: BlockTap | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> NoiseResult:
    """All interventions on one (case, seed), from the first step to the last. See Sweep for the arguments."""
    whole = Sweep(baseline, interventions, case, seed, similarity or Similarity(), null, tap)
    return whole.result(whole.advance(velocity, whole.begin(), on_progress=on_progress))
