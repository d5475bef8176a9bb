"""The work on scores: every run of a shard, untouched, re-seeded and perturbed, with floors and ground truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import Tensor

from ...model.conditioning import Conditioning
from ...names import RunId
from ...store.job import Job
from ...store.reader import ShardReader
from ...store.untouched import final_latents
from ..judge import Judge
from .rows import finals
from .spec import expand
from .table import SCORE_COLUMNS


@dataclass(frozen=True)
class Scoring:
    """settings: of the noun `score`. steps: of the model."""

    judge: Judge
    encoded: ShardReader
    trajectories: ShardReader
    perturbed: ShardReader
    settings: Mapping[str, Any]
    steps: int

    @classmethod
    def of(cls, job: Job) -> Scoring:
        readers = (job.read(name) for name in ("conditioning", "trajectory", "noise"))
        return cls(Judge.of(job), *readers, job.params.settings, job.params.steps)

    @property
    def about(self) -> dict[str, Any]:
        """How the runs were sampled, and where their videos were decoded."""
        runs = {name: self.perturbed.manifest[name] for name in ("sampling", "attention_backend")}
        return {**runs, "vae": {**self.judge.loading, "device": str(self.judge.loading["device"])}}

    def runs(self, case: str, conditioning: Conditioning) -> Iterator[tuple[dict[str, Any], Tensor]]:
        """(columns, final latents (1, C, F, h, w)) of each run of a case."""
        seeds, null, task = self.settings["seeds"], self.settings["null_seed"], self.judge.task
        for seed, name in [*((seed, "baseline") for seed in seeds), (null, "reseed")]:
            yield {"seed": seed, "run": name}, final_latents(self.trajectories, RunId(task, case, seed))
        runs = expand(self.perturbed.settings["noise"], self.steps, conditioning.latents_shape[2])
        restore = self.settings["restore_first_frame"]
        for seed in seeds:
            latents = self.perturbed.load(RunId(task, case, seed).name)[0]
            for run, final in zip(runs, finals(latents, runs, conditioning, restore), strict=True):
                yield {"seed": seed, **run.row()}, final

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A row for each run of a case, and for what runs are read against."""
        case, conditioning = self.judge.case(name), Conditioning.from_tensors(self.encoded.load(name)[0])
        columns, latents = zip(*self.runs(name, conditioning), strict=True)
        values = self.judge.scores(case, latents)
        rows = [{**row, "score": value} for row, value in zip(columns, values, strict=True)]
        references = self.judge.references(case, conditioning.latents_shape)
        rows += [{"run": run, "score": value} for run, value in references.items()]
        return [{**row, "latent_frames": conditioning.latents_shape[2]} for row in rows]


def table_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows of all cases, by the case's name, as one table."""
    whole = dict.fromkeys(["seed", "frame", "noise_seed"], "Int64")
    of_all = [{"case": case, "exact": row["score"] >= 1, **row} for case, of_case in rows.items() for row in of_case]
    return pd.DataFrame(of_all).assign(**columns).reindex(columns=SCORE_COLUMNS).astype(whole)
