"""Choice or search, from weights by step to one row per run: commitment, rivals, bits.

Bits. Before step s the observer `all` puts the weight o_s on right answers, from the latents alone; at step s the model
puts m_s on them. `gain` = log2 m_s - log2 o_s is what the model adds at that step to what the latents hold. Along a run
the total log2 m_end - log2 o_0 splits into the first forward, log2 m_0 - log2 o_0, and the later steps: a search
along the steps has a small first share, a model that solves the case in one forward a share of 1.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...statistics import bootstrap_mean
from .blends import BLENDS
from .observer import commitment_sigma, committed, gain_bits, law_step

RUN = ["model", "task", "kind", "case", "seed"]
STEP_COLUMNS = [
    *RUN,
    "step",
    "sigma",
    "answer_model",
    "answer_observer",
    "rivals_model",
    "rivals_observer",
    "right_model",
    "right_observer",
    "bits_behind",
    "gain",
    "residual",
]
RUN_COLUMNS = [
    *RUN,
    "candidates",
    "right_answers",
    "answer",
    "answer_right",
    "answer_ideal",
    "answer_residual",
    "distance",
    "commitment_model",
    "commitment_observer",
    "law_sigma",
    "law_step",
    "bits_total",
    "bits_first",
]
WEIGHT_COLUMNS = ["step", "sigma", "candidate", "right", "answer", "weight", "observer_right", "observer_all"]
BY_STEP = STEP_COLUMNS[len(RUN) + 1 :]  # the columns of a step that are averaged over cases
BY_PUZZLE = [
    "answer_residual",
    "distance",
    "commitment_model",
    "commitment_observer",
    "law_step",
    "first_share",
    "same_answer",
    "same_by_chance",
]
MOST_DECIDED = 0.1  # bits: where the candidates are nearly all right there is nothing to gain
STRAY = 1.0  # final latents that lie further from every candidate than candidates from each other show another answer


def of_run(rows: Sequence[dict[str, Any]], right: Sequence[str], distance: float) -> tuple[list[dict], dict[str, Any]]:
    """STEP_COLUMNS of each step and RUN_COLUMNS of the run, less those of RUN.

    rows: of `job.weigh_run`. right: names of the right answers. distance: in latents, from the run's answer to the
    nearest other right answer; nan where there is none.
    """
    steps = [_of_step(row, right) for row in rows]
    sigmas = np.array([row["sigma"] for row in rows])
    law = float(commitment_sigma(distance)) if np.isfinite(distance) else np.nan
    first, last = (float(gain_bits(steps[at]["right_model"], steps[0]["right_observer"])) for at in (0, len(steps) - 1))
    return steps, {
        "candidates": len(rows[0]["model"]),
        "right_answers": len(right),
        **{key: rows[0][key] for key in ("answer", "answer_ideal", "answer_residual")},
        "answer_right": rows[0]["answer"] in right,
        "distance": distance,
        "commitment_model": committed([step["answer_model"] for step in steps]),
        "commitment_observer": committed([step["answer_observer"] for step in steps]),
        "law_sigma": law,
        "law_step": law_step(distance, sigmas) if np.isfinite(law) else None,
        "bits_total": last,
        "bits_first": first,
    }


def _of_step(row: Mapping[str, Any], right: Sequence[str]) -> dict[str, Any]:
    answer = row["answer"]
    right_model, right_observer = (sum(row[of][name] for name in right) for of in ("model", "observer_all"))
    return {
        **{key: row[key] for key in ("step", "sigma", "bits_behind", "residual")},
        "answer_model": row["model"][answer],
        "answer_observer": row["observer_right"][answer],
        "rivals_model": right_model - row["model"][answer] * (answer in right),
        "rivals_observer": 1 - row["observer_right"][answer],
        "right_model": right_model,
        "right_observer": right_observer,
        "gain": float(gain_bits(right_model, right_observer)),
    }


def reliable(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs whose final latents lie within STRAY of a candidate; the others end in an answer that is not listed."""
    return runs[runs.answer_residual <= STRAY]


def weight_rows(rows: Sequence[dict[str, Any]], right: Sequence[str]) -> list[dict[str, Any]]:
    """WEIGHT_COLUMNS: a row for each step and candidate; weight: the model's."""
    return [
        {
            **{key: row[key] for key in ("step", "sigma")},
            "candidate": name,
            "right": name in right,
            "answer": name == row["answer"],
            "weight": row["model"][name],
            **{of: row[of][name] for of in ("observer_right", "observer_all")},
        }
        for row in rows
        for name in row["model"]
    ]


def by_step(steps: pd.DataFrame, runs: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Means over cases of each puzzle at each step, with bootstrap intervals; seeds are averaged within a case.

    steps: STEP_COLUMNS. runs: those that count. Columns: task, kind, step, measure, n, seeds, mean, low, high.
    """
    counted = steps.merge(runs[RUN], on=RUN)
    return _means(counted, ["task", "kind", "step"], BY_STEP, statistics)


def by_puzzle(runs: pd.DataFrame, blends: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Means over cases of each puzzle, with bootstrap intervals: BY_PUZZLE, `reliable`, the share that counts, and
    BLENDS.

    runs: RUN_COLUMNS. blends: of `blends.table_of`. first_share: bits of the first forward, as a share of the run's
    bits. same_answer: share of runs that end as the ideal denoiser does from the same noise, where there are several
    right answers; same_by_chance: of them the share that would if either chose among the right answers alike.
    """
    counted = reliable(runs).copy()
    several = counted.right_answers > 1
    counted["same_answer"] = (counted.answer == counted.answer_ideal).astype(float).where(several)
    counted["same_by_chance"] = (1 / counted.right_answers).where(several)
    counted["first_share"] = (counted.bits_first / counted.bits_total).where(counted.bits_total > MOST_DECIDED)
    means = _means(counted, ["task", "kind"], BY_PUZZLE, statistics)
    share = _means(runs.assign(reliable=runs.answer_residual <= STRAY), ["task", "kind"], ["reliable"], statistics)
    read = _means(blends.assign(seed=0), ["task", "kind"], BLENDS, statistics)
    return pd.concat([means, share, read]).sort_values("task", kind="stable", ignore_index=True)


def _means(
    table: pd.DataFrame, keys: list[str], measures: Sequence[str], statistics: Mapping[str, Any]
) -> pd.DataFrame:
    rows = []
    for values, group in table.groupby(keys, sort=False):
        for measure in measures:
            per_case = group.groupby("case")[measure].mean().dropna()
            if per_case.empty:  # such as the distance to another right answer where there is none
                continue
            mean, low, high = bootstrap_mean(per_case.to_numpy(dtype=float), **statistics)
            about = {"measure": measure, "n": len(per_case), "seeds": group.seed.nunique()}
            rows.append({**dict(zip(keys, values, strict=True)), **about, "mean": mean, "low": low, "high": high})
    columns = [*keys, "measure", "n", "seeds", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=columns).round(4)
