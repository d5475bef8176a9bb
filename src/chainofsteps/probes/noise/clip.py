"""A second readout of the perturbed runs: the whole clip, in latents, where a puzzle's score reads the last frame.

A clip is scored by how far it has come from the first frame repeated towards the nearest right answer: 1 less the
squared distance from that answer, as a share of the squared distance between the two, and 0 at the least. Every latent
frame counts alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from ...bench.scoring import encode
from ...model.conditioning import Conditioning
from ...store.job import Job
from ...store.reader import ShardReader
from ..candidates.rows import stored
from .score import Scoring
from .table import SCORE_COLUMNS


def clip_score(final: np.ndarray, static: np.ndarray, answers: np.ndarray) -> float:
    """In [0, 1]: of final latents (N,), the first frame repeated (N,) and the right answers (K, N), all flattened."""
    distances = ((answers - final) ** 2).sum(1)
    nearest = distances.argmin()
    whole = ((answers[nearest] - static) ** 2).sum()
    return float(max(0.0, 1 - distances[nearest] / whole))


@dataclass(frozen=True)
class Clips:
    """scoring: of the same runs, whose final latents are read here. answers: the cases' candidates, in latents."""

    scoring: Scoring
    answers: ShardReader

    @classmethod
    def of(cls, job: Job) -> Clips:
        return cls(Scoring.of(job), job.read("answers"))

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """A row for each run of a case: untouched, re-seeded and perturbed."""
        scoring, candidates = self.scoring, stored(self.answers, name)
        case, conditioning = scoring.judge.case(name), Conditioning.from_tensors(scoring.encoded.load(name)[0])
        still = encode(scoring.judge.vae, np.repeat(case.first_frame[None], case.frames, axis=0))
        static, right = _flat(still), candidates.latents[candidates.right]
        for row, final in scoring.runs(name, conditioning):
            frames = conditioning.latents_shape[2]
            yield {**row, "case": name, "latent_frames": frames, "score": clip_score(_flat(final), static, right)}


def _flat(latents: torch.Tensor) -> np.ndarray:
    return latents.double().cpu().numpy().ravel()


def clip_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows of all cases as one table, with the columns of the scores."""
    whole = dict.fromkeys(["seed", "frame", "noise_seed"], "Int64")
    return pd.DataFrame(rows).assign(exact=False, **columns).reindex(columns=SCORE_COLUMNS).astype(whole).round(5)
