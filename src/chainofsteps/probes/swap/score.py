"""The work on the answers of swapped runs: whose each shows, beside the clean runs of both sides."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import pandas as pd
import torch

from ...bench.cases import Case, listed_cases
from ...names import RunId
from ...store.job import Job
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..candidates.rows import stored
from .rows import COLUMNS, Pair, latent_answers, pairs_of, read_latents
from .spec import expand, words


@dataclass(frozen=True, kw_only=True)
class Swapped(ABC):
    """The swapped runs of a shard and the clean ones, and how they are read. swap: the section of the configuration.
    steps, layers: of the model."""

    cases: Sequence[Case]
    swapped: ShardReader
    trajectories: ShardReader
    swap: Mapping[str, Any]
    steps: int
    layers: int

    @classmethod
    def of(cls, job: Job, **readers: Any) -> Self:
        """readers: what a way of reading has beside."""
        runs = {"swapped": job.read("swap"), "trajectories": job.read("trajectory")}
        sizes = {"steps": job.params.steps, "layers": job.model["layers"]}
        return cls(cases=listed_cases(job.cases), swap=job.params.swap, **runs, **sizes, **readers)

    @cached_property
    def pairs(self) -> dict[str, Pair | None]:
        """Of each case; None where the pair shows nothing."""
        return pairs_of(self.cases)

    def rows(self, run: RunId) -> list[dict[str, Any]]:
        """A row for each run of a pair and readout; none for a pair that was left out."""
        pair = self.pairs[run.case]
        if pair is None:
            return []
        tensors, about = self.swapped.load(run.name)
        matrix = json.loads(about["matrix"])
        columns, latents = zip(*self._latents(run, pair, tensors, matrix), strict=True)
        rows = [{**of_run, **seen} for of_run, seen in zip(columns, self.read(pair, latents), strict=True)]
        rows += _same_text(tensors, sorted({row["layer"] for row in rows if "layer" in row}))
        return [{**row, "source": pair.source.name, "matrix": matrix} for row in rows]

    @abstractmethod
    def read(self, pair: Pair, latents: Sequence[torch.Tensor]) -> Sequence[Mapping[str, Any]]:
        """What each of the latents (1, C, F, h, w) shows; the same tensor may come more than once."""

    @abstractmethod
    def readouts(self, mode: str) -> Sequence[str]:
        """Where a swap of a mode is read."""

    @abstractmethod
    def clean_readouts(self, matrix: bool) -> Sequence[str]:
        """Where the clean runs are read. matrix: the pair has the swaps of the layer x step matrix."""

    def _latents(
        self, run: RunId, pair: Pair, tensors: Mapping[str, torch.Tensor], matrix: bool
    ) -> Iterator[tuple[dict[str, Any], torch.Tensor]]:
        """(columns, latents (1, C, F, h, w)) of everything that is read of one pair."""
        places = {"x0_pred": "x0_pred", "final": "latents"}
        for swap in expand(self.swap, self.steps, self.layers, matrix):
            for readout in self.readouts(swap.mode):
                yield {**swap.row(), "readout": readout}, tensors[f"{places[readout]}/{swap.name()}"]
        for side, case in (("target", run.case), ("source", pair.source.name)):
            clean = untouched(self.trajectories, RunId(run.task, case, run.seed))
            final = clean.at(clean.steps)
            for steps in map(sorted, self.swap["steps"]):
                for readout in self.clean_readouts(matrix):
                    about = {"run": side, "steps": words(steps), "readout": readout}
                    yield about, final if readout == "final" else clean.x0_pred(steps[-1])


@dataclass(frozen=True, kw_only=True)
class Reading(Swapped):
    """Runs of puzzles, read in latents. answers: the candidate answers of the cases."""

    answers: ShardReader

    @classmethod
    def of(cls, job: Job, **readers: Any) -> Self:
        return super().of(job, answers=job.read("answers"), **readers)

    def read(self, pair: Pair, latents: Sequence[torch.Tensor]) -> list[dict[str, Any]]:
        answers = latent_answers(*(stored(self.answers, case.name) for case in (pair.target, pair.source)))
        return [read_latents(answers, one) for one in latents]

    def readouts(self, mode: str) -> list[str]:
        return ["x0_pred", *["final"] * (mode in self.swap["to_the_end"])]

    def clean_readouts(self, matrix: bool) -> list[str]:
        return ["x0_pred", *["final"] * bool(self.swap["to_the_end"])]


def _same_text(tensors: Mapping[str, torch.Tensor], layers: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each layer of the check that mode full is degenerate where the text is the same."""
    columns = {"run": "same_text", "mode": "full", "steps": "0", "readout": "velocity"}
    distances = tensors["same_text"].tolist() if "same_text" in tensors else []
    return [{**columns, "layer": layers[i], "distance": distance} for i, distance in enumerate(distances)]


def table_of(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], runs: Mapping[str, RunId], columns: Mapping[str, str]
) -> pd.DataFrame:
    """The rows of all runs, by the run's name, as one table."""
    of_all = [{"case": run.case, "seed": run.seed, **row} for name, run in runs.items() for row in rows[name]]
    found = pd.DataFrame(of_all).assign(**columns).reindex(columns=COLUMNS)
    return found.astype({"layer": "Int64", "width": "Int64"})
