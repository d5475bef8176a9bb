"""Streams of several seeds that merge inside the network, at a single step.

The streams of all ensembles walk the layers together, a batch a layer, and streams that several ensembles share are
walked once; behind its last merge an ensemble is a single stream.
"""

from collections.abc import Callable, Sequence
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
    velocities = {}
    for branch in velocity.branches:
        stream = velocity.stream(torch.cat([carried, others]), step, branch)
        ends = Walk(runs, stream, len(carried)).to_the_end(model, velocity.sampling.batch_size, velocity.counter)
        velocities[branch] = torch.cat([network.head(model, end) for end in ends])
    return velocity.combined(velocities, latents, step)


class Walk:
    """The streams of several ensembles on their way through the layers, each walked once even if several share it.

    Every stream has a number; two ensembles with the same history have the same numbers.
    """

    def __init__(self, runs: Sequence[Ensemble], stream: Stream, carried: int) -> None:
        """stream: embedded, first `carried` streams (1, or as many as runs) and then those of the other seeds."""
        self.runs, self.stream = runs, stream
        self.states: dict[int, Tensor] = dict(enumerate(stream.hidden_states.split(1)))  # (1, n, d) by number
        others = list(range(carried, len(self.states)))
        self.of_run = [[index if carried > 1 else 0, *others] for index in range(len(runs))]
        self._numbers: dict[tuple, int] = {}

    def to_the_end(self, model: torch.nn.Module, batch_size: int, counter: Forwards | None = None) -> list[Stream]:
        """Walk all layers, and return the last stream of each run, of batch 1."""
        for layer in range(network.depth(model)):
            needed = sorted({number for numbers in self.of_run for number in numbers})
            chunks = torch.tensor(needed).split(batch_size)
            walked = [
                network.walk(model, self._batch(chunk.tolist()), layer, layer + 1, counter=counter).hidden_states
                for chunk in chunks
            ]
            self.states = dict(zip(needed, torch.cat(walked).split(1), strict=True))
            self.of_run = [
                self._merged(run, numbers, layer) if run.first <= layer <= run.last else numbers
                for run, numbers in zip(self.runs, self.of_run, strict=True)
            ]
        return [self._batch(numbers) for numbers in self.of_run]

    def _merged(self, run: Ensemble, numbers: list[int], layer: int) -> list[int]:
        """The numbers of a run's streams after it merged them behind a layer."""
        together = torch.cat([self.states[number].float() for number in numbers])
        mean = self._number_of(("mean", layer, *numbers), lambda: together.mean(dim=0, keepdim=True))
        last = layer == run.last
        if last and (run.mode == "mean" or run.carry == "mean"):  # the mean of blends is the mean
            return [mean]
        towards = partial(torch.lerp, end=self.states[mean].float(), weight=run.weight)  # (1 - w) h + w mean
        return [
            self._number_of(("blend", run.weight, mean, number), partial(towards, self.states[number].float()))
            for number in (numbers[:1] if last else numbers)
        ]

    def _number_of(self, recipe: tuple, compute: Callable[[], HiddenStates]) -> int:
        """The number of the stream with this recipe, computed if it is new."""
        number = self._numbers.setdefault(recipe, len(self._numbers) + len(self.stream.hidden_states))
        if number not in self.states:
            self.states[number] = compute().to(self.stream.hidden_states.dtype)
        return number

    def _batch(self, numbers: Sequence[int]) -> Stream:
        """Streams in a batch. They differ in their hidden states alone, since case, step and branch are the same."""
        return self.stream.with_items(torch.cat([self.states[n] for n in numbers]))
