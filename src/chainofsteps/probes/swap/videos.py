"""Swapped runs of cases that a scorer reads: each video is scored as the target's and as the source's.

The clean runs of both sides are scored in the same two ways: what an unswapped run gets is the null and the floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch

from ...store.job import Job
from ..judge import Judge
from .rows import Pair, outcome_of_scores
from .score import Swapped
from .spec import READOUTS


@dataclass(frozen=True, kw_only=True)
class Scoring(Swapped):
    """A swap is read once: in the final video, or in x0_pred of its last swapped step, where runs of its mode stop."""

    judge: Judge

    @classmethod
    def of(cls, job: Job, **readers: Any) -> Self:
        return super().of(job, judge=Judge.of(job), **readers)

    def read(self, pair: Pair, latents: Sequence[torch.Tensor]) -> list[dict[str, Any]]:
        """Scores in [0, 1]; of a clean run that stands beside several sets of steps the same, made once."""
        distinct = {id(one): one for one in latents}
        scores = self.judge.scores_as([pair.target, pair.source], [*distinct.values()])
        rows = dict(zip(distinct, (_row(*of_video) for of_video in scores), strict=True))
        return [rows[id(one)] for one in latents]

    def readouts(self, mode: str) -> list[str]:
        return ["final" if mode in self.swap["to_the_end"] else "x0_pred"]

    def clean_readouts(self, matrix: bool) -> list[str]:
        modes = [*self.swap["modes"], *["residual"] * matrix]
        found = {readout for mode in modes for readout in self.readouts(mode)}
        return [readout for readout in READOUTS if readout in found]


def _row(target: float, source: float) -> dict[str, Any]:
    return {"outcome": outcome_of_scores(source, target), "score_target": target, "score_source": source}
