"""C9 and C10: what layers do within a step, from token activations and swaps."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ..probes.swap.spec import words
from ..statistics import SHARE, Interval, bootstrap_mean
from . import UNMEASURED, Measured
from .noise import seeds_of


def specialised(activations: pd.DataFrame, layers: int, first_layers: float, interval: Interval) -> Measured:
    """C9: AUC of object against background in later layers less that in the first ones; generated frames alone.

    activations: one row per run, step, branch, layer and part, with auc and its null. layers: of the model.
    first_layers: the part of them that is the first ones.
    """
    rows = activations[(activations.part == "generated") & (activations.branch == "cond")]
    late = rows.layer >= first_layers * layers

    def gain(column: str) -> pd.Series:
        of_case = [part.groupby(["task", "case"])[column].mean() for part in (rows[late], rows[~late])]
        return (of_case[0] - of_case[1]).dropna()

    found = gain("auc")
    if found.empty:
        return UNMEASURED
    values = bootstrap_mean(found.to_numpy(), interval.resamples, interval.level, interval.seed)
    return Measured(len(found), seeds_of(rows), *values, null=gain("null").mean())


def reversed_by_a_swap(
    swaps: pd.DataFrame, layer: int, mode: str, steps: Sequence[int], interval: Interval
) -> Measured:
    """C10: share of pairs that end in the source's answer after a swap at one layer and a set of steps.

    swaps: rows of `swap.rows.COLUMNS`. The null is the share without a swap. Undisturbed runs must show their own
    answer; where scores say so both sides must, by the lesser share, since no swap reaches what the source misses.
    """
    final = swaps[(swaps.readout == "final") & swaps.outcome.notna()]
    swap = (final.run == "swap") & (final["mode"] == mode) & (final.width == 1) & (final.layer == layer)
    swap &= final.steps == words(steps)

    def flips(rows: pd.DataFrame) -> Measured:
        per_case = (rows.outcome == "source").groupby([rows.task, rows.case]).mean()
        if per_case.empty:
            return UNMEASURED
        values, how = per_case.to_numpy(), (interval.resamples, interval.level, interval.seed)
        earlier = Measured(len(values), seeds_of(rows), *bootstrap_mean(values, *how))
        return Measured(len(values), seeds_of(rows), *bootstrap_mean(values, *how, SHARE), earlier=earlier)

    clean, by_scores = final[final.run == "target"], bool(final.score_target.notna().any())
    found = flips(final[swap])
    own = [(final.outcome[final.run == side] == side).mean() for side in ("target", *["source"] * by_scores)]
    undisturbed = float(min(own))
    earlier = found.earlier and replace(found.earlier, clean=undisturbed)
    null = flips(clean).estimate
    return replace(found, null=null, clean=undisturbed, earlier=earlier, by_scores=by_scores)
