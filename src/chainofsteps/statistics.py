"""Bootstrap intervals over cases.

A case is the unit that is drawn: seeds of one case share its first frame and prompt, so they are averaged
before anything is drawn, and never counted as cases of their own. Intervals are percentile intervals: they
stay within the range of the scores, and hold where all cases score the same.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from .errors import InputError


def bootstrap_mean(values, resamples: int = 2000, level: float = 0.95, seed: int = 0) -> tuple[float, float, float]:
    """Mean over cases and its bootstrap interval: (estimate, low, high).

    values: (n cases,) or (n cases, seeds). With a single case the interval is (nan, nan): there is nothing
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
    return estimate, float(interval.low), float(interval.high)


def paired_bootstrap(a, b, resamples: int = 2000, level: float = 0.95, seed: int = 0) -> tuple[float, float, float]:
    """Mean of a - b over cases and its bootstrap interval (estimate, low, high), in the unit of a and b, with
    the cases of a and b drawn together.

    a, b: (n cases,) or (n cases, seeds), the same cases in the same order; the numbers of seeds may differ.
    level: coverage in (0, 1). With a single case the interval is (nan, nan). InputError if the numbers of cases
    differ, if there are none, or if a value is not finite.
    """
    a, b = _per_case(a), _per_case(b)
    if len(a) != len(b):
        raise InputError(f"a paired comparison needs the same cases on both sides; these are {len(a)} and {len(b)}")
    return bootstrap_mean(a - b, resamples, level, seed)


def _per_case(values) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim not in (1, 2) or values.size == 0:
        raise InputError(f"values must be (cases,) or (cases, seeds) with at least one; their shape is {values.shape}")
    if not np.isfinite(values).all():
        raise InputError(f"{np.count_nonzero(~np.isfinite(values))} of {values.size} values are not finite")
    return values if values.ndim == 1 else values.mean(axis=1)
