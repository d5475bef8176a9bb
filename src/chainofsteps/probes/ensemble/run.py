"""The training-free ensemble: streams of several seeds merged inside the network at a few steps, then one run.

All ensembles of ONE case are made at once, from the stored trajectories of its seeds. Their streams walk the layers in
step, one batch a layer, and what several of them need is walked once; behind its last merge an ensemble is one stream.
`windows.forwards` has the count. At a merged step after the first, the first stream is the run itself and the others
are those of the other seeds' stored latents.

Beside them run two baselines that average outside the network: the mean of the seeds' initial latents. Of K seeds its
standard deviation is 1 / sqrt(K) instead of the 1 that the model expects, so it also runs rescaled by sqrt(K).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from ...errors import InputError
from ...model import schedule, wan
from ...model.conditioning import Conditioning
from ...model.wan import Forwards, Stream
from ...run.denoise import GuidedVelocity
from ...run.trajectory import Trajectory, check_finite
from .spec import OF_FINALS, OF_LATENTS, Ensemble, distinct


@dataclass(frozen=True)
class Ensembles:
    """All ensembles of one case, and the baselines of OF_LATENTS.

    ensembles: with the same steps; those that are equal in effect run once. seeds: the stored trajectories of the K
    seeds, the first one is carried. conditioning: of the case, on the CPU. InputError if a step or a layer does not
    exist, if there are fewer than two seeds, or if steps differ.
    """

    ensembles: Sequence[Ensemble]
    seeds: Sequence[Trajectory]
    conditioning: Conditioning
    case: str

    def __post_init__(self) -> None:
        if len(self.seeds) < 2:
            raise InputError(f"ensemble: {len(self.seeds)} seed; give at least two")
        steps = {run.steps for run in self.ensembles}
        if len(steps) != 1:
            raise InputError(f"ensemble: {len(steps)} sets of steps; ensembles that run together have the same")
        if self.merged[-1] >= self.steps:
            raise InputError(f"ensemble: step {self.merged[-1]} is out of range; there are 0 to {self.steps - 1}")

    @property
    def steps(self) -> int:
        return self.seeds[0].steps

    @property
    def merged(self) -> tuple[int, ...]:
        """The steps at which streams are merged."""
        return self.ensembles[0].steps

    @property
    def runs(self) -> list[Ensemble]:
        """Those that run: no two of them are the same."""
        return distinct(self.ensembles)

    @property
    def names(self) -> list[str]:
        """Of the runs, in the order of their latents; the baselines last."""
        return [*(run.name() for run in self.runs), *OF_LATENTS]

    def begin(self) -> Tensor:
        """Latents (runs, C, F, h, w) before step 0."""
        noises = torch.cat([seed.at(0) for seed in self.seeds])
        mean = noises.mean(dim=0, keepdim=True)  # of K independent N(0, I): N(0, I / K)
        rescaled = self.conditioning.begin(mean * math.sqrt(len(noises)))
        return torch.cat([self.seeds[0].at(0).repeat(len(self.runs), 1, 1, 1, 1), mean, rescaled])

    def advance(self, velocity: GuidedVelocity, latents: Tensor, start: int, stop: int) -> Tensor:
        """Latents (runs, C, F, h, w) at step `stop`, from those at `start`; InputError if they are not finite."""
        for step in range(start, stop):
            latents = self._step(velocity, latents, step)
            for name, of_run in zip(self.names, latents, strict=True):
                check_finite(of_run, self.case, step, name)
        return latents

    def _step(self, velocity: GuidedVelocity, latents: Tensor, step: int) -> Tensor:
        sigmas, count = self.seeds[0].sigmas, len(self.runs)
        if step not in self.merged and step > self.merged[0]:
            return schedule.euler_step(latents, velocity(latents, step), sigmas[step], sigmas[step + 1])
        ours, baselines = latents[:count], latents[count:]
        if step < self.merged[0]:  # until then an ensemble is the first seed's run, which is stored
            ours = self.seeds[0].at(step + 1).repeat(count, 1, 1, 1, 1)
        else:
            carried = ours[:1] if step == self.merged[0] else ours
            others = torch.cat([seed.at(step) for seed in self.seeds[1:]])
            ours, merged = merge(velocity, self.runs, carried, others, step)
            ours = schedule.euler_step(ours, merged, sigmas[step], sigmas[step + 1])
        plain = velocity(baselines, step)
        return torch.cat([ours, schedule.euler_step(baselines, plain, sigmas[step], sigmas[step + 1])])


@torch.no_grad()
def merge(
    velocity: GuidedVelocity, runs: Sequence[Ensemble], carried: Tensor, others: Tensor, step: int
) -> tuple[Tensor, Tensor]:
    """The latents that each run goes on with, and their merged velocity: both (runs, C, F, h, w).

    runs: distinct. carried: latents of the first stream, one for each run, or one (1, C, F, h, w) for all. others
    (K - 1, C, F, h, w): of the other seeds. With guidance both branches are merged, each with its own kind.
    InputError if a window is not in the model.
    """
    model = velocity.model_at(step)
    layers = wan.depth(model)
    outside = [run.last for run in runs if run.last >= layers]
    if outside:
        raise InputError(f"ensemble: layer {outside[0]} is out of range; the model has layers 0 to {layers - 1}")
    latents = carried.expand(len(runs), *carried.shape[1:])
    means = (latents + others.sum(dim=0)) / (1 + len(others))
    carries_mean = torch.tensor([run.carry == "mean" for run in runs], device=latents.device)
    latents = torch.where(carries_mean.view(-1, 1, 1, 1, 1), means, latents)
    velocities = {}
    for branch in velocity.branches:
        stream = velocity.stream(torch.cat([carried, others]), step, branch)
        ends = Walk(runs, stream, len(carried)).to_the_end(model, velocity.sampling.batch_size, velocity.counter)
        velocities[branch] = torch.cat([wan.head(model, end) for end in ends])
    return latents, velocity.combined(velocities, latents, step)


class Walk:
    """The streams of several ensembles on their way through the layers, each walked once however many need it.

    A stream is known by a number: two ensembles that have done the same so far have the same numbers.
    """

    def __init__(self, runs: Sequence[Ensemble], stream: Stream, carried: int) -> None:
        """stream: embedded, the `carried` first streams (one, or one for each run) and then the other seeds'."""
        self.runs, self.stream = runs, stream
        self.states: dict[int, Tensor] = dict(enumerate(stream.hidden_states.split(1)))  # (1, n, d) by number
        others = list(range(carried, len(self.states)))
        self.of_run = [[index if carried > 1 else 0, *others] for index in range(len(runs))]
        self._numbers: dict[tuple, int] = {}

    def to_the_end(self, model: torch.nn.Module, batch_size: int, counter: Forwards | None = None) -> list[Stream]:
        """Through all layers; the one stream of each run, of batch 1."""
        for layer in range(wan.depth(model)):
            needed = sorted({number for numbers in self.of_run for number in numbers})
            chunks = torch.tensor(needed).split(batch_size)
            walked = [
                wan.walk(model, self._batch(chunk.tolist()), layer, layer + 1, counter=counter).hidden_states
                for chunk in chunks
            ]
            self.states = dict(zip(needed, torch.cat(walked).split(1), strict=True))
            self.of_run = [
                self._merged(run, numbers, layer) if run.first <= layer <= run.last else numbers
                for run, numbers in zip(self.runs, self.of_run, strict=True)
            ]
        return [self._batch(numbers) for numbers in self.of_run]

    def _merged(self, run: Ensemble, numbers: list[int], layer: int) -> list[int]:
        """The numbers of a run's streams after its merge behind a layer."""
        together = torch.cat([self.states[number].float() for number in numbers])
        mean = self._made(("mean", layer, *numbers), lambda: together.mean(dim=0, keepdim=True))
        last = layer == run.last
        if last and (run.mode == "mean" or run.carry == "mean"):  # the mean of blends is the mean
            return [mean]
        towards = partial(torch.lerp, end=self.states[mean].float(), weight=run.weight)  # (1 - w) h + w mean
        return [
            self._made(("blend", run.weight, mean, number), partial(towards, self.states[number].float()))
            for number in (numbers[:1] if last else numbers)
        ]

    def _made(self, what: tuple, make: Callable[[], Tensor]) -> int:
        """The number of what is made from streams, made if it is not there yet."""
        number = self._numbers.setdefault(what, len(self._numbers) + len(self.stream.hidden_states))
        if number not in self.states:
            self.states[number] = make().to(self.stream.hidden_states.dtype)
        return number

    def _batch(self, numbers: Sequence[int]) -> Stream:
        """Some streams as one. They differ in their hidden states alone: it is one case, step and branch."""
        of_all = ("temb", "timestep_proj", "encoder_hidden_states")
        same = {name: getattr(self.stream, name)[:1] for name in of_all}
        same = {name: value.expand(len(numbers), *value.shape[1:]) for name, value in same.items()}
        return replace(self.stream, hidden_states=torch.cat([self.states[n] for n in numbers]), **same)


def finals_of(single: Mapping[int, Tensor], merged: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Final latents (1, C, F, h, w) by name: of the seeds' own runs, of what `Ensembles` made, and of the mean of the
    seeds' final latents, which averages behind the network.

    single: of each seed (1, C, F, h, w). merged: (C, F, h, w) by name.
    """
    finals = {f"seed{seed}": final for seed, final in single.items()}
    finals |= {name: final[None] for name, final in merged.items()}
    return {**finals, OF_FINALS: torch.cat(list(single.values())).mean(dim=0, keepdim=True)}
