"""C1 to C3: what noise at a step or at a latent frame does, from the tables of Figure 3's runs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..probes.noise.points import comparisons
from ..statistics import Interval, bootstrap_statistic
from . import UNMEASURED, Measured


def step_against_frame(scores: pd.DataFrame, interval: Interval, restored: bool, noisy: Sequence[int]) -> Measured:
    """C1: score lost by noise at one step less that lost by noise at one inner latent frame.

    Beside it, `scored`: the same with the latent frame that is scored among the frames, and `noisy`: that with the
    steps of high sigma alone. noisy: those steps.
    """

    def measured(scores: pd.DataFrame, scored: bool) -> Measured:
        rows = comparisons(scores, interval, restored, scored).set_index(["kind", "operator"])
        if ("multi", "replace") not in rows.index:
            return UNMEASURED
        row, null = rows.loc["multi", "replace"], rows.difference.get(("multi", "renoise"))
        seeds = seeds_of(scores[scores.run == "noise_at_step"])
        return Measured(int(row.cases), seeds, row.difference, row.low, row.high, null, undisturbed(scores))

    early = scores[(scores.run != "noise_at_step") | scores.step.isin(list(noisy))]
    beside = {"scored": measured(scores, True), "noisy": measured(early, True)}
    found = measured(scores, False)
    return found if found is UNMEASURED else replace(found, beside=beside)


def at_the_end(cka: pd.DataFrame) -> pd.DataFrame:
    """Dissimilarity of the final latents; puzzles with several solutions."""
    return cka[(cka.kind == "multi") & (cka.later_step == cka.later_step.max())]


def after_noise(final: pd.DataFrame, operator: str) -> pd.DataFrame:
    """Of `at_the_end`, after noise at a step but the first: there sigma is 1, and new noise is no disturbance but
    another seed."""
    return final[(final.run == "noise_at_step") & (final.operator == operator) & (final.step > 0)]


def peak_of_sensitivity(cka: pd.DataFrame, interval: Interval) -> Measured:
    """C2: the step at which noise changes the end most, as a share of the steps.

    Of the end alone, since right after a step the latents differ by the noise itself, the more of it the earlier.
    """
    final, steps = at_the_end(cka), cka.later_step.max() + 1

    def curves(operator: str) -> pd.DataFrame:
        return after_noise(final, operator).groupby(["unit", "step"]).dissimilarity.mean().unstack()  # mean over seeds

    values, null = curves("renoise"), curves("replace")
    if values.empty:
        return UNMEASURED

    def peak(drawn: np.ndarray) -> float:
        return values.columns[drawn.mean(0).argmax()] / steps

    found = bootstrap_statistic(values.to_numpy(), peak, interval.resamples, interval.level, interval.seed)
    return Measured(len(values), seeds_of(cka), *found, null=None if null.empty else peak(null.to_numpy()))


def propagation(cka: pd.DataFrame, early: float, interval: Interval) -> Measured:
    """C3: dissimilarity at the end after noise at an early step, relative to that of another seed.

    early: steps below this part of the steps, step 1 at least.
    """
    final = at_the_end(cka)
    noisy = after_noise(final, "renoise")
    noisy = noisy[noisy.step < max(2, early * (cka.later_step.max() + 1))]
    per_case = pd.DataFrame(
        {
            "noisy": noisy.groupby("unit").dissimilarity.mean(),
            "reseed": final[final.run == "reseed"].groupby("unit").dissimilarity.mean(),
        }
    ).dropna()
    if per_case.empty:
        return UNMEASURED

    def ratio(values: np.ndarray) -> float:
        noisy, reseed = values.mean(0)
        return noisy / reseed

    found = bootstrap_statistic(per_case.to_numpy(), ratio, interval.resamples, interval.level, interval.seed)
    return Measured(len(per_case), seeds_of(cka), *found)


def undisturbed(scores: pd.DataFrame) -> float:
    """Mean score of the untouched runs of puzzles with several solutions."""
    return float(scores[(scores.kind == "multi") & (scores.run == "baseline")].score.mean())


def seeds_of(table: pd.DataFrame) -> int:
    """How many seeds a table has."""
    return int(table.seed.nunique())
