"""The work on perturbed runs: every intervention on every untouched run of a shard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ...names import RunId
from ...store.job import Job
from ...store.pieces import Kept, Piece
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..network import Network, through
from .count import perturbed
from .run import BlockTap, Sweep, block_tap
from .similarity import Similarity
from .spec import Intervention, expand
from .table import CKA_COLUMNS


@dataclass(frozen=True)
class Perturbing:
    """noise: the section of the configuration. null_seed: of the run that is compared as the re-seed null."""

    network: Network
    trajectories: ShardReader
    noise: Mapping[str, Any]
    similarity: Similarity
    null_seed: int

    @classmethod
    def of(cls, job: Job) -> Perturbing:
        settings = job.params.settings
        similarity = Similarity.from_config(settings["similarity"])
        return cls(Network.of(job), job.read("trajectory"), settings["noise"], similarity, settings["null_seed"])

    @cached_property
    def tap(self) -> BlockTap | None:
        return block_tap(self.similarity, self.network.sampling.steps)

    def interventions(self, case: str) -> list[Intervention]:
        """Those of every run of a case."""
        return expand(self.noise, self.network.sampling.steps, self.network.conditioning(case).latents_shape[2])

    def samples(self, runs: Iterable[RunId]) -> int:
        """How many samples go through the network for these runs."""
        steps, features = self.network.sampling.steps, self.similarity.features
        return sum(perturbed(self.interventions(run.case), steps, features=features).planned for run in runs)

    def perturb(self, run: RunId, piece: Piece) -> Kept:
        """The state of the sweep at the end of a piece; of the last one the final latents and the rows of CKA."""
        velocity = self.network.velocity(self.network.conditioning(run.case), self.tap)
        clean, null = (untouched(self.trajectories, RunId(run.task, run.case, s)) for s in (run.seed, self.null_seed))
        interventions = self.interventions(run.case)
        sweep = Sweep(clean, interventions, run.label, run.seed, self.similarity, null, self.tap)
        state = through(sweep, velocity, piece, samples=True)
        if not piece.last:
            return Kept(state.to_tensors(), velocity.counter.total, metadata=self.network.about)
        result = sweep.result(state)
        rows = [{**row, "case": run.case} for row in result.rows]
        return Kept(result.latents, velocity.counter.total, rows, self.network.about)


def cka_table(rows: Mapping[str, Sequence[Mapping[str, Any]]], columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows of all runs as one table."""
    table = pd.DataFrame([row for of_run in rows.values() for row in of_run]).assign(**columns)
    return table[CKA_COLUMNS].astype({"frame": "Int64"})
