"""Success and right weight by model, puzzle, number of steps and kind of run."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...statistics import SHARE, bootstrap_mean
from ..candidates.observer import gain_bits
from ..candidates.table import MOST_DECIDED

RUN = ["model", "layers", "task", "case", "seed", "difficulty"]
COLUMNS = [*RUN, "steps", "kind", "step", "sigma", "right", "observer", "residual", "solved"]
CELL = ["model", "layers", "task", "steps", "kind"]
FINAL = -1  # step of a row of the final latents
SHOWN = 0.7


def solved(right: float, residual: float, limit: float) -> bool:
    """Whether final latents show a right answer: right answers have the weight SHOWN of their mixture, and no more than
    `limit` of them is left over. right, residual: of `candidates.observer.mixture_weights`.

    Held against the pixel rule on 90 runs of the embedded model in mazes of 6x6 rooms, before any model of the ladder
    was run: with a limit of .55 they agree in .90, a wrong run is counted as solved in .01, a right one missed in .09.
    """
    return right >= SHOWN and residual <= limit


def summary(rows: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Per CELL the share of cases that are solved and the mean right weight of the final latents, with intervals over
    cases. rows: COLUMNS of all models."""
    found = []
    for keys, cell in rows[rows.step == FINAL].groupby(CELL, sort=False):
        of_cases = cell.groupby("case")[["solved", "right"]].mean().astype(float)
        row = {**dict(zip(CELL, keys, strict=True)), "n": len(of_cases), "seeds": cell.seed.nunique()}
        for name in ("solved", "right"):
            values = bootstrap_mean(of_cases[name].to_numpy(), **statistics, bounds=SHARE)
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
        found.append(row)
    return pd.DataFrame(found).round(4)


def first_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Per run of kind plain with rows of its steps: model, layers, task, case, share: of the bits on the right answers
    that it has at its last step, how many the first forward has. Runs with fewer than MOST_DECIDED bits are left out.

    rows: COLUMNS.
    """
    steps = rows[(rows.kind == "plain") & (rows.step != FINAL)].sort_values("step")
    ends = steps.groupby(["model", "layers", "task", "case", "seed"], sort=False)
    runs = ends.agg(first=("right", "first"), last=("right", "last"), prior=("observer", "first")).reset_index()
    first, last = (gain_bits(runs[end], runs.prior) for end in ("first", "last"))
    runs["share"] = (first / last).where(last > MOST_DECIDED)
    return runs.dropna(subset=["share"])[["model", "layers", "task", "case", "seed", "share"]]
