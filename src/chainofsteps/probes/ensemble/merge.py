"""Streams of several seeds that merge inside the network, at a single step.

The streams of all ensembles walk the layers together, a batch a layer, and streams that several ensembles share are
walked once; behind its last merge an ensemble is a single stream.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch
from einops import rearrange
from torch import Tensor

from ...errors import InputError
from ...model import network
from ...model.network import Forwards
from ...model.shapes import HiddenStates, Latents
from ...model.stream import Stream
from ...run.denoise import GuidedVelocity
from .spec import Ensemble


def carried_on(runs: Sequence[Ensemble], carried: Latents, others: Latents) -> Latents:
    """The latents (runs, C, F, h, w) that each run goes on with: its own, or the mean over the seeds.

    runs: distinct. carried: latents of the first stream, (runs, C, F, h, w) or the same (1, C, F, h, w) for all. others
    (K - 1, C, F, h, w): of the other seeds.
    """
    latents = carried.expand(len(runs), *carried.shape[1:])
    means = (latents + others.sum(dim=0)) / (1 + len(others))
    carries_mean = torch.tensor([run.carry == "mean" for run in runs], device=latents.device)
    return torch.where(rearrange(carries_mean, "runs -> runs 1 1 1 1"), means, latents)


@torch.no_grad()
def merged_velocity(
    velocity: GuidedVelocity,
    runs: Sequence[Ensemble],
    latents: Latents,
    carried: Latents,
    others: Latents,
    step: int,
) -> Latents:
    """The merged velocity (runs, C, F, h, w) of the `latents` that each run goes on with; see `carried_on`.

    With guidance both branches merge, each with its own kind. Raises InputError if a window is not in the model.
    """
    model = velocity.model_at(step)
    layers = network.depth(model)
    outside = [run.last for run in runs if run.last >= layers]
    if outside:
        raise InputError(f"ensemble: layer {outside[0]} is out of range; the model has layers 0 to {layers - 1}")

    def of_branch(branch: str) -> Latents:  # its hidden states are gone before those of the next are made
        walk = Walk(runs, velocity.stream(torch.cat([carried, others]), step, branch), len(carried))
        ends = walk.to_the_end(model, velocity.sampling.batch_size, velocity.counter)
        return torch.cat([network.head(model, end) for end in ends])

    return velocity.combined({branch: of_branch(branch) for branch in velocity.branches}, latents, step)


class Walk:
    """The streams of several ensembles on their way through the layers, each walked once even if several share it.

    Every stream has a number; two ensembles with the same history have the same numbers. Each is kept once: a stream
    that has walked a layer takes the place of what it was before.
    """

    def __init__(self, runs: Sequence[Ensemble], stream: Stream, carried: int) -> None:
        """stream: embedded, first `carried` streams (1, or as many as runs) and then those of the other seeds."""
        self.runs, self.dtype = runs, stream.hidden_states.dtype
        self.states: dict[int, Tensor] = {  # (1, n, d) by number
            number: state.clone() for number, state in enumerate(stream.hidden_states.split(1))
        }
        self.stream = replace(stream, hidden_states=stream.hidden_states[:0].clone())  # what the streams share
        others = list(range(carried, len(self.states)))
        self.of_run = [[index if carried > 1 else 0, *others] for index in range(len(runs))]
        self._first_number, self._numbers = len(self.states), {}

    def to_the_end(self, model: torch.nn.Module, batch_size: int, counter: Forwards | None = None) -> Iterator[Stream]:
        """Walk all layers; then the last stream of each run, of batch 1, made as it is asked for."""
        for layer in range(network.depth(model)):
            needed = self._needed()
            for start in range(0, len(needed), batch_size):
                chunk = needed[start : start + batch_size]
                batch = self._batch(chunk)
                for number in chunk:
                    del self.states[number]
                batch = network.walk(model, batch, layer, layer + 1, counter=counter)
                self.states |= zip(chunk, batch.hidden_states.split(1), strict=True)
            for index, run in enumerate(self.runs):
                if run.first <= layer <= run.last:
                    self.of_run[index] = self._merged(run, self.of_run[index], layer)
                    self.states = {number: self.states[number] for number in self._needed()}
        return map(self._batch, self.of_run)

    def _needed(self) -> list[int]:
        """The numbers of the streams that a run goes on with."""
        return sorted({number for numbers in self.of_run for number in numbers})

    def _merged(self, run: Ensemble, numbers: list[int], layer: int) -> list[int]:
        """The numbers of a run's streams after it merged them behind a layer."""
        mean = self._number_of(("mean", layer, *numbers), lambda: self._mean(numbers))
        last = layer == run.last
        if last and (run.mode == "mean" or run.carry == "mean"):  # the mean of blends is the mean
            return [mean]
        towards = partial(torch.lerp, end=self.states[mean].float(), weight=run.weight)  # (1 - w) h + w mean
        return [
            self._number_of(("blend", run.weight, mean, number), partial(towards, self.states[number].float()))
            for number in (numbers[:1] if last else numbers)
        ]

    def _mean(self, numbers: Sequence[int]) -> HiddenStates:
        """The mean of streams (1, n, d), in float32."""
        states = torch.cat([self.states[number] for number in numbers])
        return states.mean(dim=0, keepdim=True, dtype=torch.float32)

    def _number_of(self, recipe: tuple, compute: Callable[[], HiddenStates]) -> int:
        """The number of the stream with this recipe, computed if it is new."""
        number = self._numbers.setdefault(recipe, len(self._numbers) + self._first_number)
        if number not in self.states:
            self.states[number] = compute().to(self.dtype)
        return number

    def _batch(self, numbers: Sequence[int]) -> Stream:
        """Streams in a batch. They differ in their hidden states alone, since case, step and branch are the same."""
        return self.stream.with_items(torch.cat([self.states[n] for n in numbers]))
