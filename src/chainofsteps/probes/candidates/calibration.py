"""Teacher forcing: the denoiser alone, on noisy latents made from a known right answer; no run leads to them.

x = (1 - sigma) z_k + sigma eps, for two right answers k of a case, at the sigmas of the model's own schedule. The
model is calibrated if its weight on the answers is the ideal denoiser's; how far it is from that, `bits_behind` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch

from ...model import schedule
from ...model.network import Forwards
from ...names import RunId
from ...run.denoise import initial_latents
from ...statistics import bootstrap_mean
from ...store.reader import ShardReader
from ..network import Network
from .count import ASKED
from .observer import bits_behind, mixture_weights, observer_weights
from .rows import flat, stored

COLUMNS = ["model", "task", "kind", "case", "seed", "step", "sigma", "answer", "weight", "observer", "bits_behind"]
BINS = np.array([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1])
CALIBRATED = ["task", "quantity", "at", "cases", "n", "mean", "low", "high"]


def items(task: str, cases: Sequence[str], seeds: Sequence[int], steps: Sequence[int]) -> dict[str, tuple[RunId, int]]:
    """Case, seed of the noise and step by the name of the item; by step first, so that an expert is loaded once."""
    asked = [(RunId(task, case, seed), step) for step, case, seed in product(steps, cases, seeds)]
    return {run.at("step", step): (run, step) for run, step in asked}


def teacher_forced(
    network: Network, answers: ShardReader, run: RunId, step: int
) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]], int]:
    """x0_pred (2, C, F, h, w) of the noisy latents of two right answers, a row for each (COLUMNS from `sigma`), and how
    many forwards that took."""
    candidates, conditioning = stored(answers, run.case), network.conditioning(run.case)
    latents, sigma = answers.load(run.case)[0]["latents"], network.sigmas[step]
    right = np.flatnonzero(candidates.right)[:ASKED]
    counter = Forwards()
    noise = initial_latents(conditioning.latents_shape, run.label, run.seed, False)
    noisy = (1 - sigma) * latents[right] + sigma * noise
    x0_pred = schedule.x0_pred(noisy, network.velocity(conditioning, counter=counter)(noisy, step), sigma)
    rows = []
    for answer, state, clean in zip(right, noisy.split(1), x0_pred.split(1), strict=True):
        model = mixture_weights(candidates, flat(clean))[0]
        observer = observer_weights(candidates, flat(state), float(sigma), "right")
        weights = {"weight": float(model[answer]), "observer": float(observer[answer])}
        behind = float(bits_behind(observer, model))
        rows.append({"sigma": float(sigma), "answer": candidates.names[answer], **weights, "bits_behind": behind})
    return {"x0_pred": x0_pred}, rows, counter.total


def table_of(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    asked: Mapping[str, tuple[RunId, int]],
    columns: Mapping[str, str],
) -> pd.DataFrame:
    """COLUMNS: a row for each item and answer, with five digits."""
    described = {name: {"case": run.case, "seed": run.seed, "step": step} for name, (run, step) in asked.items()}
    table = [{**columns, **described[name], **row} for name, of_item in rows.items() for row in of_item]
    return pd.DataFrame(table, columns=COLUMNS).round(5)


def means(table: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Means over cases with bootstrap intervals: CALIBRATED.

    table: COLUMNS. quantity weight: of the model, where the ideal denoiser's lies between two of BINS; at: the mean of
    that. quantity bits_behind: at a step.
    """
    places = np.minimum(np.digitize(table.observer.astype(float), BINS) - 1, len(BINS) - 2)
    rows = []
    for quantity, keys in (("weight", places), ("bits_behind", table.step)):
        for (task, _), group in table.groupby([table.task, keys], sort=False):
            at = group.observer.mean() if quantity == "weight" else group.step.iloc[0]
            per_case = group.groupby("case")[quantity].mean()
            mean, low, high = bootstrap_mean(per_case.to_numpy(), **statistics)
            about = {"task": task, "quantity": quantity, "at": at, "cases": len(per_case), "n": len(group)}
            rows.append({**about, "mean": mean, "low": low, "high": high})
    found = pd.DataFrame(rows, columns=CALIBRATED)
    return found.sort_values(["quantity", "task", "at"], kind="stable", ignore_index=True)
