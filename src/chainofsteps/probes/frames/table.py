"""What a change of one setting (frame count, number of steps) costs, over the same cases."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...bench.scorer_check import failing
from ...statistics import DIFFERENCE, SHARE, bootstrap_group_means

FRAMES_COLUMNS = [
    "model",
    "task",
    "kind",
    "case",
    "frames",
    "own",
    "tokens",
    "seed",
    "score",
    "exact",
    "floor_static",
    "floor_noise",
    "ground_truth",
]

MEAN = "mean over tasks"
REFERENCES = ["floor_static", "floor_noise", "ground_truth"]
VALUES = {"success": "exact", "score": "score"}  # as a table calls it: as a run's row does


def by_setting(runs: pd.DataFrame, setting: str, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Success and score of each task at each value of a setting, with intervals, and their loss against the own value.

    runs: a row for each run, with columns task, case, seed, exact, score, own (the setting is the case's own there)
    and that of the setting; REFERENCES where there are any. Columns: task, the setting, own, tasks, n (cases), seeds;
    success and score with _low and _high; the same of success_difference and score_difference, value less own value
    over the same cases (none without runs of the own value); the means of REFERENCES, and the scorer check. Rows of
    task MEAN are means of the tasks' means, only at values that every case of every task has: so they are of the same
    cases at each.
    """
    asked = {column: (column, "mean") for column in ("exact", "score", *REFERENCES) if column in runs}
    cases = runs.astype({"exact": float}).groupby(["task", "case", setting], as_index=False, sort=False)
    cases = cases.agg(**asked, own=("own", "all"), seeds=("seed", "nunique"))
    own = cases[cases.own].set_index(["task", "case"])[list(VALUES.values())].add_suffix("_own")
    cases = cases.join(own, on=["task", "case"]).sort_values(setting, kind="stable")
    tasks = list(dict.fromkeys(runs.task))
    rows = [
        _row({"task": task, setting: value}, [of_value], statistics)
        for task in tasks
        for value, of_value in cases[cases.task == task].groupby(setting)
    ]
    everywhere = runs.groupby(["task", "case"]).ngroups
    for value, of_value in cases.groupby(setting) if len(tasks) > 1 else ():
        if len(of_value) == everywhere:
            groups = [of_value[of_value.task == task] for task in tasks]
            rows.append(_row({"task": MEAN, setting: value}, groups, statistics))
    return pd.DataFrame(rows).round(4)


def _row(row: dict[str, Any], groups: list[pd.DataFrame], statistics: Mapping[str, Any]) -> dict[str, Any]:
    """One row of by_setting over the cases of some tasks, whose means count alike."""
    cases = pd.concat(groups)
    row |= {"own": bool(cases.own.all()), "tasks": len(groups), "n": len(cases), "seeds": int(cases.seeds.max())}
    for name, column in VALUES.items():
        estimates = {name: [group[column] for group in groups]}
        if cases[f"{column}_own"].notna().all():
            estimates[f"{name}_difference"] = [group[column] - group[f"{column}_own"] for group in groups]
        for what, values in estimates.items():
            bounds = DIFFERENCE if what.endswith("_difference") else SHARE
            found = bootstrap_group_means(values, **statistics, bounds=bounds)
            row |= dict(zip((what, f"{what}_low", f"{what}_high"), found, strict=True))
    for column in REFERENCES:
        if column in cases:
            row[column] = sum(group[column].mean() for group in groups) / len(groups)
    if {"ground_truth", "floor_static"} <= set(cases):
        row["scorer_check"] = failing(cases.rename(columns={"floor_static": "static"}))
    return row
