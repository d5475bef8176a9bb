"""The work on candidate answers: each case's answers in latents, and the weights of its stored runs on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch

from ...names import RunId
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..judge import Judge
from .blends import BLENDS, read_blends
from .ideal import ideal_run
from .rows import encoded_answers, flat, step_rows, stored
from .table import RUN, RUN_COLUMNS, STEP_COLUMNS, WEIGHT_COLUMNS, of_run, weight_rows

Rows = Sequence[Mapping[str, Any]]


def encode_case(judge: Judge, name: str) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """The latents (K, C, F, h, w) of a case's candidate answers, and a row for each: candidate, right, and of the first
    two right ones what `blends.read_blends` says."""
    case = judge.case(name)
    latents, names, right = encoded_answers(case, judge.vae)
    read = read_blends(case, latents, names, right, judge.vae)
    unread = dict.fromkeys(BLENDS)
    return {"latents": latents}, [
        {"candidate": answer, "right": solves, **read.get(answer, unread)}
        for answer, solves in zip(names, right, strict=True)
    ]


def weigh_run(answers: ShardReader, trajectories: ShardReader, run: RunId) -> list[dict[str, Any]]:
    """A row for each step of an untouched run (`rows.step_rows`), and in the first one what the run as a whole has.

    right: names of the right answers. distance: from its own answer to the nearest other right one, None if there is
    none. answer_ideal: what the ideal denoiser ends with from the same noise.
    """
    candidates = stored(answers, run.case)
    trajectory = untouched(trajectories, run)
    rows = step_rows(candidates, trajectory)
    ideal = ideal_run(candidates, trajectory, run.label)
    rows[0]["answer_ideal"] = candidates.names[candidates.nearest(flat(ideal.at(ideal.steps)))]
    answer = candidates.names.index(rows[0]["answer"])
    others = [k for k, right in enumerate(candidates.right) if right and k != answer]
    rows[0]["right"] = [name for name, right in zip(candidates.names, candidates.right, strict=True) if right]
    rows[0]["distance"] = float(candidates.distances[answer, others].min()) if others else None
    return rows


def model_weights(rows: Rows) -> dict[str, torch.Tensor]:
    """The tensors of a run's item: the model's weights, float64 (S, K)."""
    return {"model": torch.tensor([list(row["model"].values()) for row in rows], dtype=torch.float64)}


def tables_of(
    rows: Mapping[str, Rows], runs: Mapping[str, RunId], columns: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """The tables `steps`, `runs` and `weights` of a shard, with five digits."""
    steps, whole, weights = [], [], []
    for name, run in runs.items():
        described = {**columns, "case": run.case, "seed": run.seed}
        right, distance = rows[name][0]["right"], rows[name][0]["distance"]
        of_steps, of_whole = of_run(rows[name], right, float("nan") if distance is None else distance)
        steps += [{**described, **row} for row in of_steps]
        whole.append({**described, **of_whole})
        weights += [{**described, **row} for row in weight_rows(rows[name], right)]
    return {
        "steps": pd.DataFrame(steps, columns=STEP_COLUMNS).round(5),
        "runs": pd.DataFrame(whole, columns=RUN_COLUMNS).round(5),
        "weights": pd.DataFrame(weights, columns=[*RUN, *WEIGHT_COLUMNS]).round(5),
    }
