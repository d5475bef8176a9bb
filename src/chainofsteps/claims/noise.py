"""C1 to C3: what noise at a step or at a latent frame does, from the tables of Figure 3's runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..probes.noise.points import comparisons
from ..statistics import Interval, bootstrap_statistic
from . import UNMEASURED, Measured

BENCH = "benchmark"  # the kind of a case that is no puzzle made here


def step_against_frame(
    scores: pd.DataFrame, clips: pd.DataFrame, interval: Interval, restored: bool, noisy: Sequence[int]
) -> Measured:
    """C1: score lost by noise at one step less that lost by noise at one inner latent frame.

    Beside it, `scored`: the same with the latent frame that is scored among the frames, `noisy`: that with the steps of
    high sigma alone, and `clip`: with all latent frames, and a score that reads all of them. noisy: those steps. clips:
    the same table as scores, of `probes.noise.clip`.
    """

    def measured(scores: pd.DataFrame, scored: bool) -> Measured:
        rows, kind = comparisons(scores, interval, restored, scored), kind_of(scores)
        if rows.empty or not ((rows.kind == kind) & (rows.operator == "replace")).any():
            return UNMEASURED
        rows = rows.set_index(["kind", "operator"])
        row, null = rows.loc[kind, "replace"], rows.difference.get((kind, "renoise"))
        seeds = seeds_of(scores[scores.run == "noise_at_step"])
        return Measured(int(row.cases), seeds, row.difference, row.low, row.high, null, undisturbed(scores))

    early = scores[(scores.run != "noise_at_step") | scores.step.isin(list(noisy))]
    beside = {"scored": measured(scores, True), "noisy": measured(early, True), "clip": measured(clips, True)}
    found = measured(scores, False)
    return found if found is UNMEASURED else replace(found, beside=beside)


def kind_of(scores: pd.DataFrame) -> str:
    """The kind of case that disturbances are read on: puzzles with several solutions; cases of a benchmark, whose
    solutions nobody has listed, all of them."""
    return BENCH if set(scores.kind) == {BENCH} else "multi"


def at_the_end(cka: pd.DataFrame) -> pd.DataFrame:
    """Dissimilarity of the final latents, which are the last x0_pred as well; puzzles with several solutions."""
    found = list(cka.features.unique())
    cka = cka[cka.features == ("latents" if "latents" in found else found[0])] if found else cka
    return cka[(cka.kind == "multi") & (cka.later_step == cka.later_step.max())]


def after_noise(final: pd.DataFrame, operator: str) -> pd.DataFrame:
    """Of `at_the_end`, after noise at a step but the first: there sigma is 1, and new noise is no disturbance but
    another seed."""
    return final[(final.run == "noise_at_step") & (final.operator == operator) & (final.step > 0)]


def peak_of_sensitivity(cka: pd.DataFrame, ideal: pd.DataFrame, interval: Interval) -> Measured:
    """C2: the step at which noise changes the end most beyond what it changes for an ideal denoiser.

    As a share of the steps; of the end alone, since right after a step the latents differ by the noise itself, the more
    of it the earlier. ideal: the same table of the ideal denoiser's runs. The null is the peak of the ideal denoiser's
    own curve. `earlier`: the peak of the model's curve, against that with operator replace.
    """
    final, steps = at_the_end(cka), cka.later_step.max() + 1

    def curves(final: pd.DataFrame, operator: str) -> pd.DataFrame:
        return after_noise(final, operator).groupby(["unit", "step"]).dissimilarity.mean().unstack()  # mean over seeds

    def peak_of(values: pd.DataFrame, null: pd.DataFrame) -> Measured:
        def peak(drawn: np.ndarray) -> float:
            return values.columns[drawn.mean(0).argmax()] / steps

        if values.empty:
            return UNMEASURED
        found = bootstrap_statistic(values.to_numpy(), peak, interval.resamples, interval.level, interval.seed)
        return Measured(len(values), seeds_of(cka), *found, null=None if null.empty else peak(null.to_numpy()))

    model, exact = curves(final, "renoise"), curves(at_the_end(ideal), "renoise")
    units, of_steps = model.index.intersection(exact.index), model.columns.intersection(exact.columns)
    exact = exact.loc[units, of_steps]
    found = peak_of(model.loc[units, of_steps] - exact, exact)
    return replace(found, earlier=peak_of(model, curves(final, "replace")))


def half_life(curve: np.ndarray, steps: np.ndarray) -> float:
    """The first of the steps from which on a curve stays below a half; one after the last if it never does."""
    above = np.flatnonzero(curve >= 0.5)
    return float(steps[0] if not len(above) else steps[above[-1]] + 1)


def propagation(cka: pd.DataFrame, runs: pd.DataFrame, null_seed: int, early: float, interval: Interval) -> Measured:
    """C3: until which step noise changes the end half as much as another route does, as a share of the steps.

    The effect of noise at each step but the first, over that of the run of null_seed, in the cases in which that run
    ends in another answer. runs: RUN_COLUMNS of `probes.candidates.table`, which say the answers. early: of `earlier`,
    the mean over the steps below this part of the steps, step 1 at least, in all cases.
    """
    final, number = at_the_end(cka), cka.later_step.max() + 1
    how = (interval.resamples, interval.level, interval.seed)
    noisy = after_noise(final, "renoise").groupby(["unit", "step"]).dissimilarity.mean().unstack()
    reseed = final[final.run == "reseed"].groupby("unit").dissimilarity.mean()
    values = noisy.assign(reseed=reseed).dropna()
    if values.empty or noisy.empty:
        return UNMEASURED
    steps, window = noisy.columns.to_numpy(), noisy.columns < max(2, early * number)

    def ratio(drawn: np.ndarray) -> float:
        return drawn[:, :-1][:, window].mean() / drawn[:, -1].mean()

    def halved(drawn: np.ndarray) -> float:
        return half_life(drawn[:, :-1].mean(0) / drawn[:, -1].mean(), steps) / number

    def measured(values: pd.DataFrame, statistic: Callable[[np.ndarray], float]) -> Measured:
        if values.empty:
            return UNMEASURED
        return Measured(len(values), seeds_of(cka), *bootstrap_statistic(values.to_numpy(), statistic, *how))

    parted = values[values.index.isin(other_answers(runs, null_seed))]
    return replace(measured(parted, halved), earlier=measured(values, ratio) if window.any() else UNMEASURED)


def other_answers(runs: pd.DataFrame, null_seed: int) -> set[str]:
    """The units (task/case) in which the run of null_seed ends in an answer that no run of another seed ends in."""
    units = set()
    for (task, case), of_case in runs.groupby(["task", "case"]):
        null = of_case.seed == null_seed
        if null.any() and not set(of_case.answer[null]) & set(of_case.answer[~null]):
            units.add(f"{task}/{case}")
    return units


def undisturbed(scores: pd.DataFrame) -> float:
    """Mean score of the untouched runs of puzzles with several solutions."""
    return float(scores[(scores.kind == kind_of(scores)) & (scores.run == "baseline")].score.mean())


def seeds_of(table: pd.DataFrame) -> int:
    """How many seeds a table has."""
    return int(table.seed.nunique())
