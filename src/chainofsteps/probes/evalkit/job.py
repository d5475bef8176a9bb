"""The work on EvalKit's scores: the untouched runs of a case, its true clip, and its first frame repeated."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch

from ...bench.evalkit.scores import COLUMNS, MODES, Kit, described, runs
from ...errors import InputError
from ...model.vae import decode
from ...names import RunId
from ...store.job import Job
from ...store.reader import ShardReader
from ...store.untouched import final_latents
from ..judge import Judge

LOG = logging.getLogger(__name__)


def score_case(
    judge: Judge, kit: Kit, name: str, trajectories: ShardReader, seeds: Sequence[int], at_once: int = 1
) -> list[dict[str, Any]]:
    """A row for each video of a case. Raises InputError with every failure, if there is one."""
    finals = {seed: final_latents(trajectories, RunId(judge.task, name, seed)) for seed in seeds}
    videos = ((seed, decode(judge.vae, latents)[0]) for seed, latents in finals.items())
    return runs(kit, judge.case(name), videos, at_once)


def score_cases(job: Job, judge: Judge, kit: Kit) -> None:
    """Score all pending cases of a job, and only then raise InputError for those that have no score: one look at the
    log shows every failure."""
    trajectories, failed = job.read("trajectory"), 0
    for name in job.pending("cases"):
        try:
            rows = score_case(judge, kit, name, trajectories, job.params.settings["seeds"], job.threads)
        except InputError as error:
            LOG.error("%s", error)
            failed += 1
            continue
        values = torch.tensor([[row[mode] for mode in MODES] for row in rows])
        job.save(name, {"scores": values}, rows)
    if failed:
        of_how_many = f"{failed} of {len(job.names)} cases of {judge.task}"
        raise InputError(f"{of_how_many} have no score of {kit.about.name}; each has a line above")


def table_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], task: str, kit: Kit, model: str) -> pd.DataFrame:
    """The rows of all cases, by the case's name, as one table."""
    table = pd.DataFrame([{"case": case, **row} for case, of_case in rows.items() for row in of_case])
    return table.assign(model=model, **described(task, kit)).reindex(columns=COLUMNS).astype({"seed": "Int64"})
