"""Bootstrap intervals over cases.

A case is the unit that is drawn: seeds of one case share its first frame and prompt, so they are averaged
before anything is drawn, and never counted as cases of their own. Intervals are percentile intervals: they
stay within the range of the scores. Where all cases agree there is nothing to draw, and a bootstrap would claim to know
the mean exactly: there the interval is that of a share, and as wide as the number of cases leaves it (`agreed`). Fewer
cases than FEW say hardly more than cases that agree: there the interval is at least as wide as theirs (2026-12-01).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from .errors import InputError
from .interval import Interval

SHARE, DIFFERENCE = (0.0, 1.0), (-1.0, 1.0)  # bounds of a score or a share, and of a difference of two
Bounds = tuple[float, float]
SAME = 1e-9  # values that differ by less agree
FEW = 6  # the range of n cases misses the median of all in 2^(1 - n) of samples: only from 6 cases up less than 5%


def agreed(value: float, n: int, level: float, bounds: Bounds) -> tuple[float, float]:
    """The interval (low, high) of a bounded mean where all n cases have the same value.

    By Clopper and Pearson at most 1 - ((1 - level) / 2)^(1 / n) of all cases have another value, which is at worst a
    bound. For shares of 0 and 1 that is their exact interval.
    """
    others = 1 - ((1 - level) / 2) ** (1 / n)
    return tuple(value + others * (bound - value) for bound in bounds)


def bootstrap_mean(
    values,
    resamples: int = Interval.resamples,
    level: float = Interval.level,
    seed: int = Interval.seed,
    bounds: Bounds | None = None,
) -> tuple[float, float, float]:
    """Mean over cases and its bootstrap interval: (estimate, low, high).

    values: (n cases,) or (n cases, seeds). bounds: of a value, for the interval where all cases agree or are few
    (`agreed`); None: there it is the bootstrap's alone. With a single case the interval is (nan, nan): there is nothing
    to draw. InputError if there are no values, or one is not finite.
    """
    per_case = _per_case(values)
    estimate = float(per_case.mean())
    if len(per_case) == 1:
        return estimate, math.nan, math.nan
    interval = stats.bootstrap(
        (per_case,),
        np.mean,
        n_resamples=resamples,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    low, high = float(interval.low), float(interval.high)
    if bounds is not None and _few(per_case):
        least, most = agreed(estimate, len(per_case), level, bounds)
        return estimate, min(low, least), max(high, most)
    return estimate, low, high


def _few(per_case: np.ndarray) -> bool:
    """True if a bootstrap of cases (n,) is too sure: they all agree, or are fewer than FEW."""
    return len(per_case) < FEW or np.ptp(per_case) < SAME


def paired_bootstrap(
    a, b, resamples: int = Interval.resamples, level: float = Interval.level, seed: int = Interval.seed
) -> tuple[float, float, float]:
    """Mean of a - b over cases and its bootstrap interval (estimate, low, high), in the unit of a and b, with
    the cases of a and b drawn together.

    a, b: (n cases,) or (n cases, seeds), the same cases in the same order; the numbers of seeds may differ.
    a and b lie in [0, 1]. level: coverage in (0, 1). With a single case the interval is (nan, nan). InputError if the
    numbers of cases differ, if there are none, or if a value is not finite.
    """
    a, b = _per_case(a), _per_case(b)
    if len(a) != len(b):
        raise InputError(f"a paired comparison needs the same cases on both sides; these are {len(a)} and {len(b)}")
    return bootstrap_mean(a - b, resamples, level, seed, DIFFERENCE)


def bootstrap_group_means(
    groups,
    weights=None,
    resamples: int = Interval.resamples,
    level: float = Interval.level,
    seed: int = Interval.seed,
    bounds: Bounds | None = None,
) -> tuple[float, float, float]:
    """Weighted mean of the means of groups of cases, such as puzzles: (estimate, low, high), cases drawn within each.

    groups: of each (n cases,) or (n cases, seeds). weights: of the groups (default: equal); they need not sum to 1.
    bounds: of a value; the groups whose cases all agree or are few widen the interval as `agreed` says.
    Where a group has a single case the interval is (nan, nan). InputError as for bootstrap_mean.
    """
    groups = [_per_case(values) for values in groups]
    weights = np.ones(len(groups)) if weights is None else np.asarray(weights, dtype=np.float64)
    weights = weights / weights.sum()

    def mean(*drawn, axis=-1):
        return sum(weight * values.mean(axis) for weight, values in zip(weights, drawn, strict=True))

    if min(map(len, groups)) == 1:
        return float(mean(*groups)), math.nan, math.nan
    interval = stats.bootstrap(
        groups,
        mean,
        n_resamples=resamples,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    estimate, low, high = float(mean(*groups)), float(interval.low), float(interval.high)
    if bounds is None:
        return estimate, low, high
    few = [(weight, values.mean(), len(values)) for weight, values in zip(weights, groups, strict=True) if _few(values)]
    reached = [(weight, value, agreed(value, n, level, bounds)) for weight, value, n in few]
    below = math.hypot(estimate - low, *(weight * (value - least) for weight, value, (least, _) in reached))
    above = math.hypot(high - estimate, *(weight * (most - value) for weight, value, (_, most) in reached))
    return estimate, estimate - below, estimate + above


def _per_case(values) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim not in (1, 2) or values.size == 0:
        raise InputError(f"values must be (cases,) or (cases, seeds) with at least one; their shape is {values.shape}")
    if not np.isfinite(values).all():
        raise InputError(f"{np.count_nonzero(~np.isfinite(values))} of {values.size} values are not finite")
    return values if values.ndim == 1 else values.mean(axis=1)


def bootstrap_statistic(
    values,
    statistic: Callable[[np.ndarray], float],
    resamples: int = Interval.resamples,
    level: float = Interval.level,
    seed: int = Interval.seed,
    groups=None,
) -> tuple[float, float, float]:
    """Any statistic of all cases together and its bootstrap interval: (estimate, low, high).

    values: (n cases, ...), what was measured of each case; statistic: of such an array with cases drawn again, such as
    the place of a curve's highest point. groups: (n cases,), such as the puzzle of each case; cases are drawn within a
    group and stand where others of it stood. With a single case the interval is (nan, nan). InputError if there are no
    values, or one is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 0 or values.size == 0:
        raise InputError(f"values must be (cases, ...) with at least one; their shape is {values.shape}")
    if not np.isfinite(values).all():
        raise InputError(f"{np.count_nonzero(~np.isfinite(values))} of {values.size} values are not finite")
    estimate = float(statistic(values))
    if len(values) == 1:
        return estimate, math.nan, math.nan
    rng, members = np.random.default_rng(seed), [np.arange(len(values))]
    if groups is not None:
        members = [np.flatnonzero(np.asarray(groups) == group) for group in dict.fromkeys(groups)]
    order = np.argsort(np.concatenate(members))

    def again() -> np.ndarray:
        return np.concatenate([of_group[rng.integers(len(of_group), size=len(of_group))] for of_group in members])[
            order
        ]

    drawn = [float(statistic(values[again()])) for _ in range(resamples)]
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return estimate, float(low), float(high)
