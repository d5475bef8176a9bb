"""What the workflow's long jobs share: the order of their work, and the line that says how far they are."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

import torch
from tqdm import tqdm

from ..model import schedule
from .shards import Shard


@dataclass
class Piece:
    """The steps start..stop-1 of one run, all of one expert.

    before: what the run's piece before this one saved, empty for the first. earlier: where pieces before it ended.
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

    @property
    def part(self) -> str:
        """Of the shard's item: none once the run is whole."""
        return "" if self.last else _until(self.stop)

    def save(self, tensors: Mapping[str, torch.Tensor], forwards: float, **metadata: Any) -> None:
        """Keep what came of the piece, which took `forwards` forwards and the time since it was begun."""
        spent = {
            "forwards": self.forwards + forwards,
            "seconds": self.seconds + time.perf_counter() - self.began,
        }
        self.shard.save(self.run, tensors, {**metadata, **spent}, self.part)
        for step in self.earlier:
            self.shard.drop(self.run, _until(step))


def pieces(
    shard: Shard, runs: Mapping[str, torch.Tensor], boundary: float | None, most: int | None = None
) -> Iterator[Piece]:
    """What is left to do of a shard's runs, all of them through the steps of one expert before the next.

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
                piece = Piece(shard, run, start, stop, last=stop == left[run][-1][-1], earlier=earlier)
                if start > 0:
                    piece.before, metadata = shard.load(run, _until(start))
                    piece.forwards, piece.seconds = float(metadata["forwards"]), float(metadata["seconds"])
                yield piece


def stretches(sigmas: torch.Tensor, boundary: float | None, most: int | None = None) -> list[tuple[str, int, int]]:
    """(expert, start, stop) of steps that one expert works through, in order, `most` at once; sigmas (S + 1,)."""
    timesteps = schedule.timesteps(sigmas)
    found = []
    for expert, group in groupby(range(len(timesteps)), lambda step: schedule.expert(timesteps[step], boundary)):
        steps = list(group)
        ends = [*range(steps[0], steps[-1] + 1, most or len(steps)), steps[-1] + 1]
        found += [(expert, start, stop) for start, stop in pairwise(ends)]
    return found


def _until(step: int) -> str:
    return f"-until{step}"


class Progress:
    """Whole lines on stderr with an estimate of the time left; `update(n)` moves it on, `with` ends it.

    Lines that renew themselves would be drawn over by those of the job beside, and run together in a file.
    """

    def __init__(self, what: str, total: float, unit: str, every: float) -> None:
        self.what, self.total, self.unit, self.every = what, total, unit, every
        self.done = 0.0
        self.began = self.shown = time.monotonic()

    def update(self, n: float = 1) -> None:
        self.done += n
        if time.monotonic() - self.shown >= self.every:
            self._show()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_error) -> None:
        if self.total:
            self._show()

    def _show(self) -> None:
        self.shown = time.monotonic()
        line = tqdm.format_meter(
            self.done,
            self.total,
            self.shown - self.began,
            prefix=self.what,
            unit=self.unit,
            bar_format="{desc}: {percentage:3.0f}% of {total_fmt} {unit}, {elapsed} so far, {remaining} left",
        )
        print(line, file=sys.stderr, flush=True)


def progress(what: str, total: float, unit: str) -> Progress:
    """The progress of a job: a line about every ten seconds on a terminal, every minute in a log."""
    return Progress(what, total, unit, every=10 if sys.stderr.isatty() else 60)
