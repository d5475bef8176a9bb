"""The judge of a job decodes and scores its videos: it has the VAE, the cases of the shard, and their scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..bench import scoring
from ..bench.cases import Case, listed_cases
from ..bench.evalkit.python import with_kit
from ..bench.evalkit.scores import scorer
from ..bench.scoring import Scorer
from ..model.load import load_vae
from ..model.sampling import vae_of
from ..store.job import Job

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan


@dataclass(frozen=True)
class Judge:
    """checkpoint: its folder. loading: how its VAE is loaded. listed: the manifest of the cases. scorer: of a video;
    at_once: how many videos it scores side by side."""

    checkpoint: str
    loading: Mapping[str, Any]
    listed: Mapping[str, Any]
    scorer: Scorer = scoring.score
    at_once: int = 1

    @classmethod
    def of(cls, job: Job) -> Judge:
        """The judge of a job with the inputs model, cases and, where EvalKit may score, scorer."""
        loading, kit = vae_of(job.config, job.wildcards.model), getattr(job.input, "scorer", None)
        by = scorer(kit, job.config["evalkit"], threads=1)
        return cls(job.model["folder"], loading, job.cases, by, job.threads if kit else 1)

    @property
    def task(self) -> str:
        return self.listed["task"]

    @cached_property
    def vae(self) -> AutoencoderKLWan:
        """Loaded with the first video: a job whose items are all there needs none."""
        return load_vae(self.checkpoint, **self.loading)

    def case(self, name: str) -> Case:
        return self.cases([name])[0]

    def cases(self, names: Sequence[str]) -> list[Case]:
        """Raises InputError if one of them is not whole."""
        return listed_cases(self.listed, names)

    def scores(self, case: Case, latents: Sequence[torch.Tensor]) -> list[float]:
        """Scores in [0, 1] of final latents, each (1, C, F, h, w)."""
        return scoring.scores(case, self.vae, torch.cat(list(latents)), self.scorer, self.at_once)

    def scores_as(self, cases: Sequence[Case], latents: Sequence[torch.Tensor]) -> list[list[float]]:
        """Scores in [0, 1] of final latents, each (1, C, F, h, w): of each its video as that of every case in turn."""

        def of_video(video: np.ndarray) -> list[float]:
            return [self.scorer(case, video) for case in cases]

        return list(scoring.scored(of_video, scoring.decoded(self.vae, torch.cat(list(latents))), self.at_once))

    def references(self, case: Case, shape: Sequence[int]) -> dict[str, float]:
        """Scores in [0, 1] of the true clip and the two floors, for latents of `shape` (1, C, F, h, w)."""
        return scoring.references(case, self.vae, tuple(shape), self.scorer, self.at_once)


def kit_settings(job: Job) -> dict[str, Any]:
    """The settings of a job whose videos EvalKit may score, with what only the kit's manifest knows."""
    return with_kit(job.params.settings, job.noun.kit, job.input.scorer)


def scores_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
    """The tensors of an item of scores: the score of every row."""
    return {"score": torch.tensor([row["score"] for row in rows])}


def scores_of_row(row: Mapping[str, float]) -> dict[str, torch.Tensor]:
    """The same of an item whose one row has a score in every column."""
    return {"score": torch.tensor(list(row.values()))}
