"""The order in which a long job works: all its runs through the steps of one expert before those of the next."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

import torch

from ..model import schedule
from .shards import Rows, Shard


@dataclass(frozen=True)
class Kept:
    """The outcome of a piece of work: tensors, the forwards that it took, rows of a table, and JSON-able metadata."""

    tensors: Mapping[str, torch.Tensor]
    forwards: float = 0.0
    rows: Rows | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Piece:
    """The steps start..stop-1 of one run, all of one expert.

    before: the tensors that the run's piece before this one saved, empty for the first. earlier: where pieces before
    it ended. on_progress: to be called with the amount of work that is done.
    """

    shard: Shard
    run: str
    start: int
    stop: int
    last: bool
    earlier: Sequence[int] = ()
    before: Mapping[str, torch.Tensor] = field(default_factory=dict)
    forwards: float = 0.0  # of the pieces before
    seconds: float = 0.0
    began: float = field(default_factory=time.perf_counter)
    on_progress: Callable[[float], None] = lambda _done: None

    @property
    def part(self) -> str:
        """Of the shard's item: none once the run is whole."""
        return "" if self.last else _until(self.stop)

    def save(self, kept: Kept) -> None:
        """Keep what came of the piece, with its forwards and the time since it was begun."""
        spent = {
            "forwards": self.forwards + kept.forwards,
            "seconds": self.seconds + time.perf_counter() - self.began,
        }
        self.shard.save(self.run, kept.tensors, {**kept.metadata, **spent}, self.part, kept.rows)
        for step in self.earlier:
            self.shard.drop(self.run, _until(step))


def pieces(
    shard: Shard,
    runs: Mapping[str, torch.Tensor],
    boundary: float | None,
    most: int | None = None,
    on_progress: Callable[[float], None] = lambda _done: None,
) -> Iterator[Piece]:
    """The pieces that are left of a shard's runs: all runs go through the steps of one expert before the next.

    So each expert is loaded once. A piece must be saved before the next is asked for. runs: sigmas (S + 1,) of each.
    most: steps in a piece (None: all that an expert does), where what is lost if the job is cut off would be long.
    """
    pending = shard.pending(list(runs))
    left = {run: stretches(runs[run], boundary, most) for run in pending}
    reached = {
        run: max((stop for _, _, stop in of_run[:-1] if not shard.pending([run], _until(stop))), default=0)
        for run, of_run in left.items()
    }
    for expert in schedule.EXPERTS:
        for run in pending:
            for of_expert, start, stop in left[run]:
                if of_expert != expert or start < reached[run]:
                    continue
                earlier = [end for _, _, end in left[run] if end < stop]
                last = stop == left[run][-1][-1]
                piece = Piece(shard, run, start, stop, last, earlier, on_progress=on_progress)
                if start > 0:
                    piece.before, metadata = shard.load(run, _until(start))
                    piece.forwards, piece.seconds = float(metadata["forwards"]), float(metadata["seconds"])
                yield piece


def stretches(sigmas: torch.Tensor, boundary: float | None, most: int | None = None) -> list[tuple[str, int, int]]:
    """(expert, start, stop) of steps that one expert works through, in order, `most` at once; sigmas (S + 1,)."""
    timesteps = schedule.timesteps(sigmas)
    stretched = []
    for expert, group in groupby(range(len(timesteps)), lambda step: schedule.expert(timesteps[step], boundary)):
        steps = list(group)
        ends = [*range(steps[0], steps[-1] + 1, most or len(steps)), steps[-1] + 1]
        stretched += [(expert, start, stop) for start, stop in pairwise(ends)]
    return stretched


def _until(step: int) -> str:
    return f"-until{step}"
