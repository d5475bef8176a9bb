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
from ...names import RunId
from ...run.denoise import initial_latents
from ...store.reader import ShardReader
from ..network import Network
from .observer import bits_behind, mixture_weights, observer_weights
from .rows import flat, stored

COLUMNS = ["model", "task", "kind", "case", "seed", "step", "sigma", "answer", "weight", "observer", "bits_behind"]
ASKED = 2  # right answers of a case
BINS = np.linspace(0, 1, 11)


def items(task: str, cases: Sequence[str], seeds: Sequence[int], steps: Sequence[int]) -> dict[str, tuple[RunId, int]]:
    """Case, seed of the noise and step by the name of the item; by step first, so that an expert is loaded once."""
    asked = [(RunId(task, case, seed), step) for step, case, seed in product(steps, cases, seeds)]
    return {run.at("step", step): (run, step) for run, step in asked}


def teacher_forced(
    network: Network, answers: ShardReader, run: RunId, step: int
) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """x0_pred (2, C, F, h, w) of the noisy latents of two right answers, and a row for each: COLUMNS from `sigma`."""
    candidates, conditioning = stored(answers, run.case), network.conditioning(run.case)
    latents, sigma = answers.load(run.case)[0]["latents"], network.sigmas[step]
    right = np.flatnonzero(candidates.right)[:ASKED]
    noise = initial_latents(conditioning.latents_shape, run.label, run.seed, False)
    noisy = (1 - sigma) * latents[right] + sigma * noise
    x0_pred = schedule.x0_pred(noisy, network.velocity(conditioning)(noisy, step), sigma)
    rows = []
    for answer, state, clean in zip(right, noisy.split(1), x0_pred.split(1), strict=True):
        model = mixture_weights(candidates, flat(clean))[0]
        observer = observer_weights(candidates, flat(state), float(sigma), "right")
        weights = {"weight": float(model[answer]), "observer": float(observer[answer])}
        behind = float(bits_behind(observer, model))
        rows.append({"sigma": float(sigma), "answer": candidates.names[answer], **weights, "bits_behind": behind})
    return {"x0_pred": x0_pred}, rows


def table_of(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    asked: Mapping[str, tuple[RunId, int]],
    columns: Mapping[str, str],
) -> pd.DataFrame:
    """COLUMNS: a row for each item and answer, with five digits."""
    described = {name: {"case": run.case, "seed": run.seed, "step": step} for name, (run, step) in asked.items()}
    table = [{**columns, **described[name], **row} for name, of_item in rows.items() for row in of_item]
    return pd.DataFrame(table, columns=COLUMNS).round(5)


def by_observer(table: pd.DataFrame) -> pd.DataFrame:
    """Mean weight of the model where the ideal denoiser's lies in a tenth, by puzzle: task, observer, weight, n, cases.

    table: COLUMNS. The tenths without a row are left out; n: rows, cases: cases.
    """
    tenths = np.minimum(np.digitize(table.observer, BINS) - 1, len(BINS) - 2)
    grouped = table.assign(tenth=tenths).groupby(["task", "tenth"], sort=False)
    found = grouped.agg(
        observer=("observer", "mean"), weight=("weight", "mean"), n=("weight", "size"), cases=("case", "nunique")
    )
    return found.reset_index().sort_values(["task", "tenth"], kind="stable", ignore_index=True).drop(columns="tenth")
