"""Exact success by puzzle, from the rows of single cases."""

import pandas as pd
from scipy import stats

from ...bench.categories import category_of, split_of
from ...bench.scorer_check import failing
from ...interval import Interval
from ...names import PUZZLES

COLUMNS = ["puzzle", "case", "score", "success", "static", "ground_truth"]


def summary(rows: pd.DataFrame, level: float = Interval.level) -> pd.DataFrame:
    """One row per puzzle: exact success with its Wilson interval, mean score, first frame repeated, truth by the VAE.

    Wilson's interval is not empty where all cases or none succeed.
    """
    table = []
    for name, cases in rows.groupby("puzzle"):
        test = stats.binomtest(int(cases.success.sum()), len(cases))
        interval = test.proportion_ci(level, method="wilson")
        table.append(
            {
                "puzzle": name,
                "category": category_of(name),
                "split": split_of(name),
                "n": len(cases),
                "success": test.statistic,
                "success_low": interval.low,
                "success_high": interval.high,
                "score": cases.score.mean(),
                "floor": cases.static.mean(),
                "ground_truth": (cases.ground_truth == 1.0).mean(),
                "scorer_check": failing(cases.rename(columns={"puzzle": "task"})),
            }
        )
    table.sort(key=lambda row: PUZZLES.index(row["puzzle"]))
    return pd.DataFrame(table).round(4)
