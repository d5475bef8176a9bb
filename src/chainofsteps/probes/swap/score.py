"""The work on the answers of swapped runs: whose each shows, beside the clean runs of both sides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

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


@dataclass(frozen=True)
class Reading:
    """answers: the candidate answers of the cases, in latents. swap: the section of the configuration. steps, layers:
    of the model."""

    cases: Sequence[Case]
    answers: ShardReader
    swapped: ShardReader
    trajectories: ShardReader
    swap: Mapping[str, Any]
    steps: int
    layers: int

    @classmethod
    def of(cls, job: Job) -> Reading:
        cases = listed_cases(job.cases)
        readers, params = map(job.read, ("answers", "swap", "trajectory")), job.params
        return cls(cases, *readers, params.swap, params.steps, job.model["layers"])

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
        answers = latent_answers(*(stored(self.answers, case.name) for case in (pair.target, pair.source)))
        rows = [{**of_run, **read_latents(answers, one)} for of_run, one in zip(columns, latents, strict=True)]
        rows += _same_text(tensors, sorted({row["layer"] for row in rows if "layer" in row}))
        return [{**row, "source": pair.source.name, "matrix": matrix} for row in rows]

    def _latents(
        self, run: RunId, pair: Pair, tensors: Mapping[str, torch.Tensor], matrix: bool
    ) -> Iterator[tuple[dict[str, Any], torch.Tensor]]:
        """(columns, latents (1, C, F, h, w)) of everything that is read of one pair."""
        to_the_end = self.swap["to_the_end"]
        for swap in expand(self.swap, self.steps, self.layers, matrix):
            yield {**swap.row(), "readout": "x0_pred"}, tensors[f"x0_pred/{swap.name()}"]
            if swap.mode in to_the_end:
                yield {**swap.row(), "readout": "final"}, tensors[f"latents/{swap.name()}"]
        for side, case in (("target", run.case), ("source", pair.source.name)):
            clean = untouched(self.trajectories, RunId(run.task, case, run.seed))
            for steps in map(sorted, self.swap["steps"]):
                about = {"run": side, "steps": words(steps)}
                yield {**about, "readout": "x0_pred"}, clean.x0_pred(steps[-1])
                if to_the_end:
                    yield {**about, "readout": "final"}, clean.at(clean.steps)


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
