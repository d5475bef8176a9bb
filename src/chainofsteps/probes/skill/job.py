"""The work on skill: held-out puzzles, sampled by the stock diffusers pipeline and scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from ...model.lora import adapters_in
from ...model.sampling import Sampling, placement
from ...store.job import Job
from .run import load_pipeline, measure
from .table import COLUMNS

if TYPE_CHECKING:
    from diffusers import WanImageToVideoPipeline


@dataclass(frozen=True)
class Sampler:
    """The stock pipeline of a model. model: its manifest. drawn: size and frames of the puzzles, as far as asked."""

    model: Mapping[str, Any]
    sampling: Sampling
    drawn: Mapping[str, Any]

    @classmethod
    def of(cls, job: Job) -> Sampler:
        placed = placement(job.config, job.wildcards.model)
        settings = job.params.settings
        return cls(job.model, Sampling.from_config({**settings["sampling"], **placed}), settings.get("drawn", {}))

    @cached_property
    def pipeline(self) -> WanImageToVideoPipeline:
        return load_pipeline(self.model["folder"], self.sampling, adapters_in(self.model))

    def solved(self, puzzle: str, index: int) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
        """The score of held-out puzzle number `index`, and a row of COLUMNS."""
        (values,) = measure(self.pipeline, puzzle, [index], self.sampling, self.drawn)
        plain = [value.item() if hasattr(value, "item") else value for value in values]  # JSON knows no NumPy numbers
        row = dict(zip(COLUMNS, plain, strict=True))
        return {"score": torch.tensor(row["score"])}, [row]


def table_of(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """The rows of all puzzles as one table."""
    return pd.DataFrame([row for of_puzzle in rows.values() for row in of_puzzle], columns=COLUMNS)
