"""The tidy tables between the rules and the figures, one row for each case, seed and run; and their summaries."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .files import atomic_write
from .statistics import SHARE, bootstrap_mean


def write_table(path: Path | str, table: pd.DataFrame) -> None:
    """Write one table, whole or not at all. Raises InputError if the place cannot be written."""
    atomic_write(path, table.to_csv(index=False).encode())


def read_shards(
    paths: Iterable[str | Path], columns: Mapping[str, Any] | None = None, of_none: Sequence[str] | None = None
) -> pd.DataFrame:
    """The tables of all shards in one. columns: types of some, by name; the names of cases are words and no numbers.

    of_none: the columns of the table without a row that no path gives; ValueError for no path without them.
    """
    paths = list(paths)
    if not paths and of_none is not None:
        return pd.DataFrame(columns=list(of_none))
    return pd.concat([pd.read_csv(path, dtype={"case": str, **(columns or {})}) for path in paths], ignore_index=True)


def success(table: pd.DataFrame, keys: Sequence[str], statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Exact success and mean score of each group of runs, with bootstrap intervals over cases.

    table: one row per run, with columns task, case, seed, score and exact. keys: what tells groups apart, in the order
    of the table. Columns: keys, n (cases), seeds, success, success_low, success_high, score, score_low, score_high.
    """
    rows = []
    for values, group in table.groupby(list(keys), sort=False):
        row = dict(zip(keys, values, strict=True))
        for name, column in (("success", "exact"), ("score", "score")):
            per_case = group.astype({column: float}).pivot_table(index=["task", "case"], columns="seed", values=column)
            row |= {"n": per_case.shape[0], "seeds": per_case.shape[1]}
            estimate, low, high = bootstrap_mean(per_case.to_numpy(), **statistics, bounds=SHARE)
            row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows).round(4)
