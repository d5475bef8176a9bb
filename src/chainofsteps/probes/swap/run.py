"""All swaps on one pair of runs: a target's, and a source's from the same noise with another prompt.

The pair differs in its text and in nothing else. In a set of steps the source follows its own clean run, and each
swapped run its own latents. The target's clean run is stored, so swapped runs leave it where they first differ from it;
the source's is not, unless all cases share one noise, so it runs along, and its forward serves every swap of the step.
`swaps.forwards` counts all this beforehand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError
from ...model import schedule, wan
from ...run.denoise import GuidedVelocity
from ...run.trajectory import Trajectory, check_finite
from .layers import swap, swapped_hidden_states, token_mask
from .spec import Swap, last_step, nodes


@dataclass(frozen=True)
class SwapState:
    """Where a pair stands: all that the steps from `step` on need, latents (1, C, F, h, w) before it.

    latents: of each swapped run by its name. x0_pred: of each swap, by its name, at its last swapped step.
    """

    step: int
    source: Tensor
    latents: Mapping[str, Tensor]
    x0_pred: Mapping[str, Tensor]

    def to_tensors(self) -> dict[str, Tensor]:
        """For files.save_tensors."""
        named = {"latents": self.latents, "x0_pred": self.x0_pred}
        kept = {f"{name}/{run}": tensor for name, runs in named.items() for run, tensor in runs.items()}
        return {"step": torch.tensor(self.step), "source": self.source, **kept}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "SwapState":
        """Back from to_tensors."""
        of = {
            name: {key.partition("/")[2]: tensor for key, tensor in tensors.items() if key.startswith(f"{name}/")}
            for name in ("latents", "x0_pred")
        }
        return cls(int(tensors["step"]), tensors["source"], **of)


@dataclass(frozen=True)
class SwapSweep:
    """What is swapped in one pair.

    target: its clean run. source: its clean run from the same noise, None where that is not stored. part: latent frames
    and token rows of mode `tokens`. case: names the pair in errors. final: whether swapped runs go on to the end.
    InputError if the stored runs do not start from the same noise.
    """

    target: Trajectory
    source: Trajectory | None
    swaps: Sequence[Swap]
    part: Mapping[str, Any]
    case: str
    final: bool = True

    def __post_init__(self) -> None:
        if self.source is not None and not torch.equal(self.source.at(0), self.target.at(0)):
            raise InputError(f"swap: source and target of {self.case} start from different noise; take equal noise")

    def begin(self) -> SwapState:
        """Before step 0: source and target are the same noise there."""
        return SwapState(0, self.target.at(0), {}, {})

    @torch.no_grad()
    def advance(
        self,
        target: GuidedVelocity,
        source: GuidedVelocity,
        state: SwapState,
        stop: int | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> SwapState:
        """The state before step `stop` (None: the end). target and source: with the conditioning of each."""
        for _ in range(state.step, self.target.steps if stop is None else stop):
            state = self._step(target, source, state)
            on_step()
        return state

    def _step(self, target: GuidedVelocity, source: GuidedVelocity, state: SwapState) -> SwapState:
        step = state.step
        starting, going = nodes(self.swaps, step, self.final)
        latents = {run: self.target.at(step) for run in starting}
        latents |= {run: state.latents[run.until(step - 1).name()] for run in going}
        clean = state.source if self.source is None else self.source.at(step)
        made: dict[Swap | None, dict[str, Tensor]] = {run: {} for run in (None, *latents)}  # None: the source
        for branch in target.branches:
            found = self._branch(target, source, branch, step, latents, clean)
            for run, velocity in found.items():
                made[run][branch] = velocity
        sigma, sigma_next = self.target.sigmas[step : step + 2]
        x0_pred, after = dict(state.x0_pred), {}
        for run, before in latents.items():
            velocity = target.combined(made[run], before, step)
            if run in self.swaps and step == run.steps[-1]:
                x0_pred[run.name()] = schedule.x0_pred(before, velocity, sigma)
            after[run.name()] = schedule.euler_step(before, velocity, sigma, sigma_next)
            check_finite(after[run.name()], self.case, step, run.name())
        if made[None]:
            clean = schedule.euler_step(clean, source.combined(made[None], clean, step), sigma, sigma_next)
            check_finite(clean, self.case, step, "source of a swap")
        return SwapState(step + 1, clean, after, x0_pred)

    def _branch(
        self,
        target: GuidedVelocity,
        source: GuidedVelocity,
        branch: str,
        step: int,
        latents: Mapping[Swap, Tensor],
        clean: Tensor,
    ) -> dict[Swap | None, Tensor]:
        """Heads of one branch: of every run, and of the source (None) where its next step is needed."""
        model, counter = target.model_at(step), target.counter
        starting = [run for run in latents if run.steps[0] == step]
        going = [run for run in latents if run.steps[0] < step]
        acting = [run for run in latents if step in run.steps]
        onward = self.source is None and step < last_step(self.swaps)
        states: list[Tensor] = []  # of the source: before the first block, and after each
        keeps, made = any(run in acting for run in going), {}
        if acting or onward:
            at, reached = source.stream(clean, step, branch), 0

            def keep(_layer: int, hidden_states: Tensor) -> None:
                if keeps:  # on the host: those of all layers of a 14B model are 14 GB
                    states.append(hidden_states.cpu())

            def on_walked(layer: int, of_source: wan.Stream, _of_target: wan.Stream) -> None:
                nonlocal at, reached
                at, reached = of_source, layer + 1
                keep(layer, of_source.hidden_states)

            keep(-1, at.hidden_states)
            if starting:
                stream = target.stream(self.target.at(step), step, branch)
                mask = token_mask(stream.grid, **self.part)
                made |= dict(swap(model, at, stream, starting, mask, counter, on_walked))
            stop = wan.depth(model) if onward else max(run.layer + 1 for run in acting)
            at = wan.walk(model, at, reached, max(reached, stop), tap=keep, counter=counter)
            if onward:
                made[None] = wan.head(model, at)
        for first in range(0, len(going), target.sampling.batch_size):
            chunk = going[first : first + target.sampling.batch_size]
            stream = target.stream(torch.cat([latents[run] for run in chunk]), step, branch)
            edit = self._edit([run if run in acting else None for run in chunk], stream, states)
            heads = wan.head(model, wan.walk(model, stream, edit=edit, counter=counter))
            made |= dict(zip(chunk, heads.split(1), strict=True))
        return made

    def _edit(self, chunk: Sequence[Swap | None], stream: wan.Stream, states: Sequence[Tensor]) -> wan.LayerEdit:
        """Swaps each item of a batch at its own layer; None: an item that is not swapped at this step."""
        mask, before = token_mask(stream.grid, **self.part), stream.hidden_states

        def edit(layer: int, hidden_states: Tensor) -> Tensor:
            nonlocal before
            here = [item for item, run in enumerate(chunk) if run is not None and run.layer == layer]
            edited = hidden_states.clone() if here else hidden_states
            if here:
                pair = states[layer].to(edited), states[layer + 1].to(edited)
            for item in here:
                of_item = before[item : item + 1], hidden_states[item : item + 1]
                edited[item : item + 1] = swapped_hidden_states(chunk[item].mode, pair, of_item, mask)
            before = edited
            return edited

        return edit


@torch.no_grad()
def same_text(
    velocity: GuidedVelocity, source: Tensor, target: Tensor, step: int, layers: Sequence[int]
) -> list[float]:
    """How far mode full is from the source's velocity where both streams have the same text and timestep, by layer.

    source, target: latents (1, C, F, h, w) of two runs of one case before a step. Norm of the difference over the norm
    of the source's velocity, conditional branch: 0 wherever the swap is degenerate, whatever the layer.
    """
    model, last, ended = velocity.model_at(step), max(layers), []
    streams = [velocity.stream(latents, step, "cond") for latents in (source, target)]

    def on_walked(layer: int, of_source: wan.Stream, _of_target: wan.Stream) -> None:
        if layer == last:
            ended.append(of_source)

    swaps, mask = [Swap(layer, "full") for layer in layers], token_mask(streams[0].grid)
    found = dict(swap(model, *streams, swaps, mask, velocity.counter, on_walked))
    rest = wan.walk(model, ended[0], last + 1, counter=velocity.counter)
    own = wan.head(model, rest).float()
    return [float((found[one].float() - own).norm() / own.norm()) for one in swaps]
