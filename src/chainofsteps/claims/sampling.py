"""C11 to C13: what an ensemble gains, and what fewer frames and fewer steps lose; differences of the same cases."""

from dataclasses import replace

import pandas as pd

from ..figures.fig3_points import Interval
from ..statistics import paired_bootstrap
from . import UNMEASURED, Measured
from .noise import seeds_of


def difference(table: pd.DataFrame, column: str, minuend, subtrahend, interval: Interval) -> Measured:
    """Mean score where `column` has one value less that where it has another, over the cases that have both.

    table: rows task, case, seed, score and the column. Seeds of a case are averaged. UNMEASURED if one of the values is
    not there, or both are one.
    """
    scores = table.groupby(["task", "case", column]).score.mean().unstack()
    if minuend == subtrahend or not {minuend, subtrahend} <= set(scores.columns):
        return UNMEASURED
    scores = scores[[minuend, subtrahend]].dropna()
    pair = scores[minuend].to_numpy(), scores[subtrahend].to_numpy()
    found = paired_bootstrap(*pair, interval.resamples, interval.level, interval.seed)
    return Measured(len(scores), seeds_of(table), *found, clean=float(scores[minuend].mean()))


def ensemble_gain(table: pd.DataFrame, window: str, mode: str, interval: Interval) -> Measured:
    """C11: score with an ensemble less that of the untouched run that it carries; null: another seed's run less that.

    table: rows of `ensemble_table.COLUMNS`. window: as it was configured.
    """
    single = table[table.variant == "single"]
    carried = single.seed.iloc[0]
    names = table.variant.where(table.variant != "ensemble", table.window + " " + table["mode"])
    names = names.mask(table.variant == "single", "another").mask(
        (table.variant == "single") & (table.seed == carried), "carried"
    )
    rows = table.assign(run=names)
    found = difference(rows, "run", f"{window} {mode}", "carried", interval)
    clean = float(single.loc[single.seed == carried, "score"].mean())
    return replace(found, null=difference(rows, "run", "another", "carried", interval).estimate, clean=clean)
