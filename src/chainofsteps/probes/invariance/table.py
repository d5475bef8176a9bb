"""Variance over noises of x0_pred at the first step, and of the finished latents of the same runs, case by case.

At sigma 1 the noisy latents hold nothing of the answer, so that the ideal x0_pred is the same for every noise: the mean
of all that the model could draw. What varies there is the model's own. The measure needs no candidate answers and no
score: any model and any case has it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch

from ...names import RunId, runs_of
from ...run.trajectory import Trajectory
from ...store.reader import ShardReader
from ...store.untouched import untouched

COLUMNS = ["task", "kind", "case", "seeds", "first", "final"]


def variances(trajectories: Sequence[Trajectory]) -> dict[str, float]:
    """first, final: variance over the runs of one case, mean over all latents, in squared standard deviations.

    trajectories: two at least, of one case and different noises.
    """
    parts = {"first": [run.x0_pred(0) for run in trajectories], "final": [run.at(run.steps) for run in trajectories]}
    return {name: float(torch.cat(latents).double().var(dim=0).mean()) for name, latents in parts.items()}


def table(shards: Sequence[tuple[ShardReader, Mapping[str, Any]]], seeds: Sequence[int]) -> pd.DataFrame:
    """COLUMNS: a row for each case. shards: of trajectories, with the manifest of their cases. seeds: two at least."""
    rows = []
    for trajectories, cases in shards:
        of_case: dict[str, list[RunId]] = {}
        for run in runs_of(cases["task"], list(cases["cases"]), seeds).values():
            of_case.setdefault(run.case, []).append(run)
        for case, runs in of_case.items():
            found = variances([untouched(trajectories, run) for run in runs])
            rows.append({"task": cases["task"], "kind": cases["kind"], "case": case, "seeds": len(runs), **found})
    return pd.DataFrame(rows, columns=COLUMNS).round(6)
