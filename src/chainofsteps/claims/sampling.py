"""C11 to C13: what an ensemble gains, and what fewer frames and fewer steps lose; differences of the same cases."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ..statistics import DIFFERENCE, Interval, bootstrap_group_means, bootstrap_mean, paired_bootstrap
from . import UNMEASURED, Measured
from .noise import seeds_of


def _pairs(table: pd.DataFrame, column: str, minuend, subtrahend) -> pd.DataFrame:
    """Scores of the cases that have both values of `column`, in two columns; no rows if there are none.

    table: rows task, case, seed, score and the column. Seeds of a case are averaged.
    """
    scores = table.groupby(["task", "case", column], sort=False).score.mean().unstack()
    if minuend == subtrahend or not {minuend, subtrahend} <= set(scores.columns):
        return pd.DataFrame()
    return scores[[minuend, subtrahend]].dropna()


def loss(table: pd.DataFrame, column: str, minuend, subtrahend, interval: Interval) -> Measured:
    """C12, C13: mean over tasks of the score where `column` has one value less that where it has another.

    Cases are drawn within each task, as Figure 8 and Tables A2 and A3 do.
    """
    scores = _pairs(table, column, minuend, subtrahend)
    if scores.empty:
        return UNMEASURED
    of_tasks = [scores.loc[task] for task in dict.fromkeys(scores.index.get_level_values("task"))]
    lost = [rows[minuend] - rows[subtrahend] for rows in of_tasks]
    how = (interval.resamples, interval.level, interval.seed)
    found, without_width = (bootstrap_group_means(lost, None, *how, bounds=bounds) for bounds in (DIFFERENCE, None))
    clean = float(sum(rows[minuend].mean() for rows in of_tasks) / len(of_tasks))
    earlier = Measured(len(scores), seeds_of(table), *without_width, clean=clean)
    return Measured(len(scores), seeds_of(table), *found, clean=clean, earlier=earlier)


def _gain(table: pd.DataFrame, column: str, minuend, subtrahend, interval: Interval) -> Measured:
    """The same difference over all cases alike."""
    scores = _pairs(table, column, minuend, subtrahend)
    if scores.empty:
        return UNMEASURED
    pair, how = scores[[minuend, subtrahend]].to_numpy().T, (interval.resamples, interval.level, interval.seed)
    earlier = Measured(len(scores), seeds_of(table), *bootstrap_mean(pair[0] - pair[1], *how))
    return Measured(len(scores), seeds_of(table), *paired_bootstrap(*pair, *how), earlier=earlier)


def ensemble_gain(table: pd.DataFrame, window: str, mode: str, headroom: Sequence[str], interval: Interval) -> Measured:
    """C11: score with an ensemble less that of the untouched run that it carries; null: another seed's run less that.

    Over the cases of the tasks in headroom, or all cases where none are named; `earlier`: over all cases. table: rows
    of `ensemble_table.COLUMNS`. window: as configured.
    """
    earlier = _ensemble_gain(table, window, mode, interval)
    roomy = table[table.task.isin(list(headroom))]
    found = _ensemble_gain(roomy, window, mode, interval) if len(roomy) else earlier
    return replace(found, earlier=earlier.earlier)


def _ensemble_gain(table: pd.DataFrame, window: str, mode: str, interval: Interval) -> Measured:
    """The same over the cases of a table."""
    single = table[table.variant == "single"]
    carried = single.seed.iloc[0]
    names = table.variant.where(table.variant != "ensemble", table.window + " " + table["mode"])
    names = names.mask(table.variant == "single", "another").mask(
        (table.variant == "single") & (table.seed == carried), "carried"
    )
    rows = table.assign(run=names)
    found = _gain(rows, "run", f"{window} {mode}", "carried", interval)
    clean = float(single.loc[single.seed == carried, "score"].mean())
    null = _gain(rows, "run", "another", "carried", interval).estimate
    earlier = found.earlier and replace(found.earlier, clean=clean)
    return replace(found, null=null, clean=clean, earlier=earlier)
