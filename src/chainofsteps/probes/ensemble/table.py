"""Scores of the ensembles beside what the same seeds give without them, by puzzle, category and domain; Table A1.

The difference of every variant is to `single`, the untouched run of the seed that is carried, of the same case. What
another seed does to that run (`another_seed`) is the null of such a difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ...bench.categories import category_of, split_of
from ...bench.scorer_check import failing, references_of
from ...model.sampling import Sampling
from ...statistics import SHARE, bootstrap_mean, paired_bootstrap
from .count import merged_forwards
from .spec import OF_FINALS, OF_LATENTS, Ensemble

SINGLE, ANOTHER, ORACLE = "single", "another_seed", "best_of_k_oracle"
FLOORS, CEILING = ("floor_static", "floor_noise"), "ground_truth"
DESCRIBED = ["variant", "window", "layers", "mode", "weight", "carry", "steps"]
COLUMNS = ["model", "task", "kind", "case", *DESCRIBED, "seed", "forwards", "score", "exact"]
SCOPES = {"all": [], "split": ["split"], "category": ["split", "category"], "task": ["split", "category", "task"]}
SUMMARY_COLUMNS = ["model", "scope", "split", "category", "task", *DESCRIBED, "n", "seeds", "forwards"]
SUMMARY_COLUMNS += ["score", "low", "high", "difference", "difference_low", "difference_high", "floor", "scorer_check"]

# Table A1 of the paper, of VBVR-Wan2.2 on VBVR-Bench, by window of its 40 layers; from one source, unverified.
PUBLISHED = {"none": 0.685, "0-9": 0.688, "0-39": 0.690, "20-29": 0.716}
PUBLISHED_OF_LAYERS = 40
QUOTED = "quoted, one source: VBVR-Wan2.2 on VBVR-Bench, not these cases"


def rows_of(
    values: Mapping[str, float], ensembles: Sequence[Ensemble], seeds: Sequence[int], sampling: Sampling, layers: int
) -> Iterator[dict[str, Any]]:
    """One row per seed that was run, ensemble, baseline, floor and ceiling of a case, with the forwards it takes if
    made alone.

    values: scores in [0, 1] by the names of `ensemble.finals_of` and `scoring.references`. layers: of the model.
    """
    branches, steps = 1 + sampling.guided, sampling.steps
    for seed in [seed for seed in seeds if f"seed{seed}" in values]:
        yield _row({"variant": SINGLE, "seed": seed}, branches * steps, values[f"seed{seed}"])
    for one in ensembles:
        prefix = one.steps[0]  # which the plan takes from the stored run
        alone = branches * (prefix + merged_forwards([one], len(seeds), steps, layers))
        yield _row(one.row(), float(alone), values[one.name()])
    for name, runs in {**dict.fromkeys(OF_LATENTS, 1), OF_FINALS: len(seeds)}.items():
        if name in values:
            yield _row({"variant": name}, branches * steps * runs, values[name])
    for name in (*FLOORS, CEILING):
        yield _row({"variant": name}, 0, values[name])


def _row(described: Mapping[str, Any], forwards: float, score: float) -> dict[str, Any]:
    blank = dict.fromkeys([*DESCRIBED, "seed"])
    return {**blank, **described, "forwards": forwards, "score": score, "exact": score >= 1}


def summary(
    rows: pd.DataFrame, statistics: Mapping[str, Any], seeds: Sequence[int], headroom: Sequence[str] = ()
) -> pd.DataFrame:
    """Mean score of each variant with its bootstrap interval over cases, and its paired difference to `single`.

    rows: COLUMNS, of one model. seeds: those that are merged, the carried one first. Over all cases (scope all), those
    of the tasks in headroom (scope headroom), by split, by category and by task; cases weigh equally. Seeds of a
    variant are averaged within a case first. floor: the first frame repeated.
    """
    rows = rows.assign(split=rows.task.map(split_of), category=rows.task.map(category_of))
    found = []
    for scope, keys in SCOPES.items():
        for values, group in rows.groupby(keys, sort=False) if keys else [((), rows)]:
            label = {"model": rows.model.iloc[0], "scope": scope, **dict(zip(keys, values, strict=True))}
            found += [{**label, **row} for row in _compared(group, statistics, seeds)]
    roomy = rows[rows.task.isin(list(headroom))]
    if len(roomy):
        label = {"model": rows.model.iloc[0], "scope": "headroom"}
        found += [{**label, **row} for row in _compared(roomy, statistics, seeds)]
    return pd.DataFrame(found).reindex(columns=SUMMARY_COLUMNS).round(4)


def _compared(rows: pd.DataFrame, statistics: Mapping[str, Any], merged: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row per variant of a group of cases."""
    single = rows[rows.variant == SINGLE]
    by_seed = single.pivot(index=["task", "case"], columns="seed", values="score")[list(single.seed.unique())]
    seeds = [str(seed) for seed in merged]
    floor = rows[rows.variant == FLOORS[0]].score.mean()
    check = failing(references(rows))
    variants: list[tuple[dict[str, Any], Sequence[str], pd.DataFrame]] = [
        ({"variant": SINGLE, "forwards": single.forwards.iloc[0]}, seeds[:1], by_seed.iloc[:, :1]),
    ]
    several = by_seed.shape[1] > 1  # else the others were not run themselves
    if several:
        variants.append(({"variant": ANOTHER, "forwards": single.forwards.iloc[0]}, seeds[1:], by_seed.iloc[:, 1:]))
    for described, group in rows[rows.variant != SINGLE].groupby(DESCRIBED, sort=False, dropna=False):
        about = {**dict(zip(DESCRIBED, described, strict=True)), "forwards": group.forwards.iloc[0]}
        of_model = about["variant"] not in (*FLOORS, CEILING)
        scores = group.set_index(["task", "case"])[["score"]].reindex(by_seed.index)
        variants.append((about, seeds if of_model else [], scores))
    if several:
        best = {"variant": ORACLE, "forwards": single.forwards.iloc[0] * len(seeds)}
        variants.append((best, seeds, by_seed.max(axis=1).to_frame()))
    for about, of_seeds, scores in variants:
        score, low, high = bootstrap_mean(scores.to_numpy(), **statistics, bounds=SHARE)
        row = {**about, "n": len(scores), "seeds": " ".join(of_seeds), "score": score, "low": low, "high": high}
        if about["variant"] != SINGLE:
            pair = paired_bootstrap(scores.to_numpy(), by_seed.iloc[:, :1].to_numpy(), **statistics)
            row |= dict(zip(("difference", "difference_low", "difference_high"), pair, strict=True))
        yield {**row, "floor": floor, "scorer_check": check}


def references(rows: pd.DataFrame) -> pd.DataFrame:
    """What the scorer check needs of single runs; rows: COLUMNS."""
    return references_of(rows, "variant", CEILING, FLOORS[0])


def table_a1(table: pd.DataFrame, of_layers: int) -> pd.DataFrame:
    """Table A1: over all cases, no ensemble, another seed without one, and then each window in each mode, beside the
    published score if it has that window.

    table: of `summary`. of_layers: the depth in which windows were given. In mode mean two windows that begin at one
    layer are one run, so their rows are equal.
    """
    over_all = table[table.scope == "all"]
    rows = over_all[over_all.variant.isin([SINGLE, ANOTHER, "ensemble"])].copy()
    rows["window"] = rows.window.fillna(rows.variant.map({SINGLE: "none", ANOTHER: "none, another seed"}))
    published = PUBLISHED if of_layers == PUBLISHED_OF_LAYERS else {"none": PUBLISHED["none"]}
    rows["published"] = rows.window.map(published)
    rows["published_is"] = rows.published.notna().map({True: QUOTED, False: ""})
    merged = rows.seeds[rows.variant == "ensemble"]
    rows = rows.assign(window_of_layers=of_layers, seeds_merged=merged.iloc[0] if len(merged) else "")
    about = ["window", "window_of_layers", "layers", "mode", "weight", "carry", "steps", "n", "seeds", "seeds_merged"]
    measured = ["score", "low", "high", "difference", "difference_low", "difference_high", "floor", "scorer_check"]
    return rows[["model", *about, *measured, "published", "published_is"]]
