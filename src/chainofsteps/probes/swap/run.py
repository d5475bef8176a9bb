"""The probe of all swaps on a pair of runs: a target's, and a source's from the same noise with another prompt.

As in the paper, a pair of puzzles differs in its text and in nothing else. Two cases of a benchmark have first frames
of their own as well: the source's stream has the source's conditioning, and the two share their noise alone.

In a set of steps the source follows its own undisturbed run, and each swapped run its own latents. The target's run is
stored, so swapped runs leave it where they first differ from it; the source's is not, unless all cases share their
noise, so it runs along, and its forward serves every swap of the step. The plan counts all these forwards beforehand.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...errors import InputError
from ...model import network
from ...model.shapes import Latents, Sigmas, TokenMask
from ...run.denoise import GuidedVelocity
from ...run.probe import Probe, StepState, check_finite, saved_step
from ...run.trajectory import Trajectory
from .layers import SourceWalk, edit_of, swap, token_mask
from .spec import MODES, Swap, last_step, nodes


@dataclass(frozen=True)
class SwapState:
    """The runs of a pair before `step`, each (1, C, F, h, w).

    source: the source's latents. latents: of each swapped run by its name. x0_pred: of each swap by its name, at its
    last swapped step.
    """

    step: int
    source: Latents
    latents: Mapping[str, Latents]
    x0_pred: Mapping[str, Latents]

    def to_tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for files.save_tensors."""
        named = {"latents": self.latents, "x0_pred": self.x0_pred}
        of_runs = {f"{name}/{run}": tensor for name, runs in named.items() for run, tensor in runs.items()}
        return {"step": torch.tensor(self.step), "source": self.source, **of_runs}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "SwapState":
        """The state that `to_tensors` wrote."""
        of_runs = {
            name: {key.partition("/")[2]: tensor for key, tensor in tensors.items() if key.startswith(f"{name}/")}
            for name in ("latents", "x0_pred")
        }
        return cls(saved_step(tensors), tensors["source"], **of_runs)


@dataclass(frozen=True)
class SwapResult:
    """Latents (1, C, F, h, w) of each swap by its name: final ones of the modes that go on to the end, and x0_pred at
    the last swapped step."""

    latents: Mapping[str, Latents]
    x0_pred: Mapping[str, Latents]


@dataclass(frozen=True)
class SwapSweep(Probe[SwapState, SwapResult]):
    """The swaps of a pair; it runs with the target's GuidedVelocity.

    target: its undisturbed run. source: its undisturbed run from the same noise, None where that is not stored.
    source_velocity: with the source's conditioning and the same experts. parts: by name the latent frames and token
    rows of mode `tokens`. case: the pair's name in errors. to_the_end: the modes whose runs go on to
    the end. source_start: the source's latents before step 0, None where they are the target's: in some models a first
    frame stands in them. Raises InputError if the stored runs start from different noise, or if latents are not finite.
    """

    target: Trajectory
    source: Trajectory | None
    source_velocity: GuidedVelocity
    swaps: Sequence[Swap]
    parts: Mapping[str, Mapping[str, Any]]
    case: str
    to_the_end: Collection[str] = MODES
    source_start: Latents | None = None

    State: ClassVar[type] = SwapState

    def __post_init__(self) -> None:
        if self.source is not None and not torch.equal(self.source.at(0), self._start):
            raise InputError(f"swap: source and target of {self.case} start from different noise; take equal noise")

    @property
    def sigmas(self) -> Sigmas:
        return self.target.sigmas

    def begin(self) -> SwapState:
        """Source and target are the same noise before step 0, but for a first frame that stands in it."""
        return SwapState(0, self._start, {}, {})

    @property
    def _start(self) -> Latents:
        return self.target.at(0) if self.source_start is None else self.source_start

    def latents(self, state: SwapState, step: int) -> Latents:
        """Every run that differs from the target's, and last the source if its next step is needed."""
        rows = [self._before(state, row, step) for row in self._rows(step)]
        return torch.cat(rows) if rows else self.target.at(step)[:0]

    def velocity_at(self, velocity: GuidedVelocity, state: SwapState, latents: Latents, step: int) -> Latents:
        """The hook: each run's velocity with the source's layer in place, and the source's own."""
        rows = dict(zip(self._rows(step), latents.split(1), strict=True))
        source = self._before(state, None, step)
        by_branch = {branch: self._heads(velocity, branch, step, rows, source) for branch in velocity.branches}
        velocities, device = [], velocity.conditioning.condition.device
        for row, before in rows.items():
            of_text = self.source_velocity if row is None else velocity
            heads = {branch: of_rows[row].to(device) for branch, of_rows in by_branch.items()}
            velocities.append(of_text.combined(heads, before, step))
        return torch.cat(velocities)

    def after(self, state: SwapState, seen: StepState, updated: Latents) -> SwapState:
        step, source = seen.step, self._before(state, None, seen.step)
        latents, x0_pred, of_step = {}, dict(state.x0_pred), seen.x0_pred
        for i, row in enumerate(self._rows(step)):
            of_row = updated[i : i + 1].clone()  # a view would keep the whole batch in memory
            check_finite(of_row, self.case, step, "source of a swap" if row is None else row.name())
            if row is None:
                source = of_row
                continue
            latents[row.name()] = of_row
            if row in self.swaps and step == row.steps[-1]:
                x0_pred[row.name()] = of_step[i : i + 1].clone()
        return SwapState(step + 1, source, latents, x0_pred)

    def result(self, state: SwapState) -> SwapResult:
        return SwapResult(state.latents, state.x0_pred)

    def _rows(self, step: int) -> list[Swap | None]:
        """The runs in the batch of a step, those that leave the target's run here first; None: the source, last."""
        starting, going = nodes(self.swaps, step, self.to_the_end)
        onward = self.source is None and step < last_step(self.swaps)
        return [*starting, *going, *[None] * onward]

    def _before(self, state: SwapState, row: Swap | None, step: int) -> Latents:
        """Latents (1, C, F, h, w) of a run or of the source (None) before a step."""
        if row is None:
            return state.source if self.source is None else self.source.at(step)
        return self.target.at(step) if row.steps[0] == step else state.latents[row.until(step - 1).name()]

    def _heads(
        self, velocity: GuidedVelocity, branch: str, step: int, rows: Mapping[Swap | None, Latents], source: Latents
    ) -> dict[Swap | None, Tensor]:
        """The output (1, C, F, h, w) of a branch for every row, from one walk of the source.

        Outputs wait where the latents lie: those of a layer x step matrix of a 14B model are 17 GB.
        """
        model, runs = velocity.model_at(step), [row for row in rows if row is not None]
        starting = [run for run in runs if run.steps[0] == step]
        going = {run: rows[run] for run in runs if run.steps[0] < step}
        acting = [run for run in runs if step in run.steps]
        if not acting and None not in rows:
            return self._going(velocity, branch, step, going, [])
        keeps, heads = any(run in acting for run in going), {}
        walk = SourceWalk(model, self.source_velocity.stream(source, step, branch), keeps, velocity.counter)
        if starting:
            stream = velocity.stream(self.target.at(step), step, branch)
            masks = self._masks(stream.grid)
            swapped = swap(model, walk.stream, stream, starting, masks, velocity.counter, walk.on_walked)
            heads |= {run: head.to(source.device) for run, head in swapped}
        walk.until(network.depth(model) if None in rows else max(run.last + 1 for run in acting))
        if None in rows:
            heads[None] = network.head(model, walk.stream).to(source.device)
        return heads | self._going(velocity, branch, step, going, walk.states)

    def _going(
        self, velocity: GuidedVelocity, branch: str, step: int, going: Mapping[Swap, Latents], states: Sequence[Tensor]
    ) -> dict[Swap, Tensor]:
        """The output of the runs that left the target's run before, in batches; states: see SourceWalk."""
        model, heads, runs = velocity.model_at(step), {}, list(going)
        for first in range(0, len(runs), velocity.sampling.batch_size):
            chunk = runs[first : first + velocity.sampling.batch_size]
            stream = velocity.stream(torch.cat([going[run] for run in chunk]), step, branch)
            acting = [run if step in run.steps else None for run in chunk]
            edit = edit_of(acting, stream, states, self._masks(stream.grid))
            ends = network.head(model, network.walk(model, stream, edit=edit, counter=velocity.counter))
            heads |= zip(chunk, ends.to(going[chunk[0]].device).split(1), strict=True)
        return heads

    def _masks(self, grid: tuple[int, int, int]) -> dict[str, TokenMask]:
        """The tokens of each part."""
        return {name: token_mask(grid, **part) for name, part in self.parts.items()}


@torch.no_grad()
def same_text(
    velocity: GuidedVelocity, source: Latents, target: Latents, step: int, layers: Sequence[int]
) -> list[float]:
    """The distance of mode full from the source's velocity, by layer, where both streams have the same text.

    source, target: latents (1, C, F, h, w) of two runs of a case before a step. The distance is the norm of the
    difference over the norm of the source's velocity, branch cond: 0 wherever the swap is degenerate, at any layer.
    """
    model = velocity.model_at(step)
    streams = [velocity.stream(latents, step, "cond") for latents in (source, target)]
    walk = SourceWalk(model, streams[0], False, velocity.counter)
    swaps = [Swap(layer, "full") for layer in layers]
    heads = dict(swap(model, *streams, swaps, {}, velocity.counter, walk.on_walked))
    walk.until(network.depth(model))
    own = network.head(model, walk.stream).float()
    distances = [(heads[of_layer].float() - own).norm() / own.norm() for of_layer in swaps]
    return torch.stack(distances).cpu().tolist()  # a single wait for the device
