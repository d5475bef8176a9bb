"""The sweep: many interventions on the same baseline, all in a single walk over the steps.

A perturbed run equals the baseline up to its start, so it starts there from the stored latents; at each step all runs
that have started form a batch. A sweep belongs to a single case and seed: its batches, and with them its bits, depend
neither on the other cases of the job nor on where the job resumed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...errors import InputError
from ...model import schedule
from ...model.shapes import HiddenStates, Latents, Sigmas, Video
from ...run.probe import OnStep, Probe, StepState, Velocity, advance, check_finite, saved_step
from ...run.taps import Tap
from ...run.trajectory import Trajectory
from .inject import apply, noise_of
from .similarity import CONSTANT, Similarity, token_features, without_frame
from .spec import Intervention, check_exists, references

# Features (rbf: pairs of tokens) of the runs compared at once, in float64: two of a 14B model, all of the embedded one.
COMPARED_ELEMENTS = 2**22
SAVED_EVERY = 5  # steps: about an hour of a 14B model at full size, whose sweep takes half a day


@dataclass(frozen=True)
class SweepState:
    """The perturbed runs before `step`.

    latents (runs, C, F, h, w): x_step of each run, with the noise that enters before the forward of `step`; until a run
    starts, the baseline's. dissimilarity (features, runs [+ 1: the null], S) float64: 1 - CKA at each step, nan where
    nothing was compared; of noise at a latent frame the tokens of the others.
    """

    step: int
    latents: Latents
    dissimilarity: Tensor

    def to_tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for files.save_tensors."""
        return {"step": torch.tensor(self.step), "latents": self.latents, "dissimilarity": self.dissimilarity}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "SweepState":
        """The state that `to_tensors` wrote."""
        return cls(saved_step(tensors), tensors["latents"], tensors["dissimilarity"])


@dataclass(frozen=True)
class NoiseResult:
    """latents: final latents (C, F, h, w) by the intervention's name. rows: CKA rows, less model, task and kind."""

    latents: dict[str, Video]
    rows: list[dict[str, Any]]


class BlockTap(Tap):
    """Dissimilarity of every item's hidden states after a layer, branch cond, to those of the batch's first item.

    Reduced on the device: for a 14B model the hidden states of an item are 0.7 GB. frames: latent frames of the video;
    left_out: of each item of the next batch the latent frame whose tokens are not compared, or None.
    """

    def __init__(self, similarity: Similarity, steps: int):
        super().__init__([similarity.layer], range(steps), "cond", self._reduce)
        self.similarity = similarity
        self._first: Tensor | None = None
        self.frames, self.left_out = 1, []

    def _reduce(self, hidden_states: HiddenStates) -> Tensor:
        if self._first is None:  # the first chunk of a batch
            self._first = hidden_states[0].clone()  # a view would keep the whole chunk in memory
        chunk, self.left_out = self.left_out[: len(hidden_states)], self.left_out[len(hidden_states) :]
        values = hidden_states.new_empty(len(hidden_states), dtype=torch.float64)
        for frame in dict.fromkeys(chunk):
            items = [i for i, of_item in enumerate(chunk) if of_item == frame]
            parts = (without_frame(states, frame, self.frames) for states in (hidden_states[items], self._first))
            values[items] = self.similarity.dissimilarity(*parts)
        return values

    def take_dissimilarity(self) -> Tensor:
        """The dissimilarity (B,) of the last batch. Raises InputError if it is undefined."""
        self._first = None
        (kept,) = self.take().values()
        if kept.isnan().any():
            raise InputError(f"similarity: block:{self.similarity.layer}: {CONSTANT}, or are not finite")
        return kept[:, 0]


def block_tap(similarity: Similarity, steps: int) -> BlockTap | None:
    """The tap that GuidedVelocity and Sweep share if "block:<l>" is among the features, else None."""
    return None if similarity.layer is None else BlockTap(similarity, steps)


@dataclass(frozen=True)
class Sweep(Probe[SweepState, NoiseResult]):
    """The probe of `interventions` on the run of (case, seed) whose trajectory is `baseline`.

    baseline: latents (S + 1, C, F, h, w). null: the trajectory of the same case from another seed; its dissimilarity is
    the re-seed null. tap: see `block_tap`. Latents stay on the CPU; the velocity takes them to its device and back.
    Raises InputError if an intervention names a step or latent frame outside the run, or if latents are not finite;
    ValueError if tap and similarity do not go together.
    """

    baseline: Trajectory
    interventions: Sequence[Intervention]
    case: str
    seed: int
    similarity: Similarity = field(default_factory=Similarity)
    null: Trajectory | None = None
    tap: BlockTap | None = None

    State: ClassVar[type] = SweepState

    def __post_init__(self) -> None:
        if (self.similarity.layer is None) != (self.tap is None):
            raise ValueError("a tap goes with features block:<layer>, and with no others: see block_tap")
        for run in self.interventions:
            check_exists(run, self.steps, self.baseline.latents.shape[2])
        for step, latents in enumerate(self.baseline.latents[1:]):
            check_finite(latents, self.case, step)
        if self.tap is not None:
            self.tap.frames = self.baseline.latents.shape[2]

    @property
    def sigmas(self) -> Sigmas:
        return self.baseline.sigmas

    def begin(self) -> SweepState:
        rows = len(self.interventions) + (self.null is not None)
        latents = self._baseline(0)
        self._inject("before", 0, latents, 0, None)
        shape = (len(self.similarity.features), rows, self.steps)
        return SweepState(0, latents, torch.full(shape, torch.nan, dtype=torch.float64))

    def latents(self, state: SweepState, step: int) -> Latents:
        """Every run that has started; with a tap the baseline stands first and the null last."""
        first, last = self._references(step)
        if self.tap is not None:
            left_out = [_noised(self.interventions[i]) for i in self._started(step)]
            self.tap.left_out = [None] * len(first) + left_out + [None] * len(last)
        return torch.cat([*first, state.latents[self._started(step)], *last])

    def after(self, state: SweepState, seen: StepState, updated: Latents) -> SweepState:
        step, sigmas, started = seen.step, self.sigmas, self._started(seen.step)
        latents = self._baseline(step + 1)  # a run that has not started takes the baseline's step
        first = len(self._references(step)[0])
        latents[started] = updated[first : first + len(started)]
        x0_pred = schedule.x0_pred_from_pair(state.latents, latents, sigmas[step], sigmas[step + 1])
        self._inject("after", step, latents, step + 1, x0_pred)
        self._check_finite(latents, step)
        dissimilarity = self._compared(state.dissimilarity, step, latents, x0_pred)
        self._inject("before", step + 1, latents, step + 1, x0_pred)
        return SweepState(step + 1, latents, dissimilarity)

    def result(self, state: SweepState) -> NoiseResult:
        """Final latents and CKA rows. Raises ValueError before the last step is done."""
        if state.step != self.steps:
            raise ValueError(f"the sweep stands before step {state.step} of {self.steps}: advance it to the end")
        names = [run.name() for run in self.interventions]
        return NoiseResult(dict(zip(names, state.latents, strict=True)), self._rows(state.dissimilarity))

    def _baseline(self, step: int) -> Latents:
        """The baseline's x_step, once for every run."""
        return self.baseline.latents[step].repeat(len(self.interventions), 1, 1, 1, 1)

    def _runs(self, wanted: Callable[[Intervention], bool]) -> list[int]:
        return [i for i, run in enumerate(self.interventions) if wanted(run)]

    def _started(self, step: int) -> list[int]:
        """The runs whose forward at `step` sees noise."""
        return self._runs(lambda run: run.start <= step)

    def _references(self, step: int) -> tuple[list[Latents], list[Latents]]:
        """The undisturbed runs of the batch, the baseline first and the null last: none without a tap."""
        count = 0 if self.tap is None else references(self.interventions, step, self.null is not None)
        return [self.baseline.at(step)] * (count > 0), [self.null.at(step)] if count > 1 else []

    def _inject(self, timing: str, step: int, latents: Latents, level: int, x0_pred: Latents | None) -> None:
        """Add the noise of all runs that act at `step` to latents (runs, ...) at sigmas[level], in place."""
        for i, run in enumerate(self.interventions):
            if run.timing == timing and run.acts_at(step) and step < self.steps:
                estimate = None if x0_pred is None else x0_pred[i]
                eps = noise_of(run, step, self.case, self.seed, latents.shape[1:])
                latents[i] = apply(run, step, latents[i], self.sigmas[level], estimate, eps)

    def _check_finite(self, latents: Latents, step: int) -> None:
        if not torch.isfinite(latents).all():
            for run, of_run in zip(self.interventions, latents, strict=True):
                check_finite(of_run, self.case, step, run.name())

    def _compared(self, before: Tensor, step: int, latents: Latents, x0_pred: Latents) -> Tensor:
        """The dissimilarity (features, runs [+ 1], S) with the column of `step` filled in."""
        dissimilarity = before.clone()
        null = [-1] * (self.null is not None)  # its row is the last
        for of_features, name in zip(dissimilarity, self.similarity.features, strict=True):
            if name == "latents":
                runs = self._runs(lambda run: run.first_step <= step)
                of_features[runs + null, step] = self._compare(runs, latents, lambda run: run.at(step + 1))
            elif name == "x0_pred":
                runs = self._started(step)
                of_features[runs + null, step] = self._compare(runs, x0_pred, lambda run: run.x0_pred(step))
            elif self._references(step)[0]:  # the baseline, to which the tap compares the rest of the batch
                of_features[self._started(step) + null, step] = self.tap.take_dissimilarity()[1:]
        return dissimilarity

    def _compare(self, runs: list[int], perturbed: Latents, of: Callable[[Trajectory], Latents]) -> Tensor:
        """The dissimilarity of some runs, out of all that are `perturbed`, to the baseline; the null's behind it.

        of: what the same latents are of an undisturbed run.
        """
        baseline, frames = token_features(of(self.baseline)[0]), self.baseline.latents.shape[2]
        elements = baseline.numel() if self.similarity.kernel == "linear" else len(baseline) ** 2
        at_once = max(1, COMPARED_ELEMENTS // elements)
        left_out = [_noised(self.interventions[run]) for run in runs]
        values = torch.empty(len(runs), dtype=torch.float64)
        for frame in dict.fromkeys(left_out):
            places = torch.tensor([place for place, of_run in enumerate(left_out) if of_run == frame])
            for part in places.split(at_once):
                features = token_features(perturbed[[runs[place] for place in part]])
                pair = (without_frame(one, frame, frames) for one in (features, baseline))
                values[part] = self.similarity.dissimilarity(*pair)
        null = [self.similarity.dissimilarity(token_features(of(run)), baseline) for run in [self.null] if run]
        return torch.cat([values, *null])

    def _rows(self, dissimilarity: Tensor) -> list[dict[str, Any]]:
        null = {"run": "reseed", "step": None, "frame": None, "operator": None}
        described = [run.row() for run in self.interventions] + [null] * (self.null is not None)
        about = {"case": self.case, "seed": self.seed}
        return [
            {
                **about,
                **{key: row[key] for key in null},
                "later_step": step,
                "features": features,
                "dissimilarity": value,
            }
            for features, of_features in zip(self.similarity.features, dissimilarity.tolist(), strict=True)
            for row, values in zip(described, of_features, strict=True)
            for step, value in enumerate(values)
            if not math.isnan(value)  # nan: not measured
        ]


def _noised(run: Intervention) -> int | None:
    """The one latent frame that a run has noise on, whose tokens are not compared: they are the noise; None for all."""
    return getattr(run, "frame", None)


def sweep(
    velocity: Velocity,
    baseline: Trajectory,
    interventions: Sequence[Intervention],
    case: str,
    seed: int,
    similarity: Similarity | None = None,
    null: Trajectory | None = None,
    tap: BlockTap | None = None,
    on_step: OnStep | None = None,
) -> NoiseResult:
    """All interventions on the run of (case, seed), from the first step to the last. See Sweep for the arguments."""
    probe = Sweep(baseline, interventions, case, seed, similarity or Similarity(), null, tap)
    return probe.result(advance(probe, velocity, probe.begin(), on_step=on_step))
