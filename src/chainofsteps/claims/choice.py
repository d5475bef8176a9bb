"""E1, E2, E3 and E5: is the chain of steps a choice among answers that the model knows, or a search?"""

from dataclasses import replace

import pandas as pd

from ..probes.candidates.table import MOST_DECIDED, RUN, reliable
from ..statistics import Interval, bootstrap_group_means, bootstrap_statistic
from . import UNMEASURED, Measured
from .noise import seeds_of


def _of_puzzles(values: pd.Series, seeds: int, interval: Interval) -> Measured:
    """The mean over puzzles of the means over cases, cases drawn within each puzzle. values: by task, case, seed."""
    per_case = values.dropna().groupby(["task", "case"]).mean()
    if per_case.empty:
        return UNMEASURED
    groups = [group.to_numpy(dtype=float) for _, group in per_case.groupby("task", sort=False)]
    found = bootstrap_group_means(groups, None, interval.resamples, interval.level, interval.seed)
    return Measured(len(per_case), seeds, *found, fewest=min(map(len, groups)))


def _solved(runs: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Runs of a kind of puzzle that end in a right answer of the list. runs: RUN_COLUMNS."""
    runs = reliable(runs)
    return runs[(runs.kind == kind) & runs.answer_right.astype(bool)]


def rivals_beyond_choice(steps: pd.DataFrame, runs: pd.DataFrame, interval: Interval) -> Measured:
    """E1: weight of the right answers that a run does not end with, less the ideal denoiser's, mean over the steps.

    steps: STEP_COLUMNS. Runs of puzzles with several right answers that end in one of them. The null is the ideal
    denoiser's own weight on the rivals.
    """
    table = steps.merge(_solved(runs, "multi")[RUN], on=RUN)
    beyond = table.assign(beyond=table.rivals_model - table.rivals_observer)
    of_runs = beyond.groupby(["task", "case", "seed"], sort=False)[["beyond", "rivals_observer"]].mean()
    found = _of_puzzles(of_runs.beyond, seeds_of(runs), interval)
    return found if found is UNMEASURED else replace(found, null=_mean(of_runs.rivals_observer))


def first_forward(runs: pd.DataFrame, interval: Interval) -> Measured:
    """E2: bits on the right answer that the first forward has, as a share of those that the run has at its end.

    Runs of puzzles with one right answer, where the candidates leave more than MOST_DECIDED bits to be found.
    """
    table = reliable(runs)
    table = table[(table.kind == "unique") & (table.bits_total > MOST_DECIDED)]
    share = (table.bits_first / table.bits_total).groupby([table.task, table.case, table.seed], sort=False).mean()
    return _of_puzzles(share, seeds_of(runs), interval)


def commitment_lag(runs: pd.DataFrame, steps: int, interval: Interval) -> Measured:
    """E3: step at which the model commits less that at which the ideal denoiser does, as a share of the steps.

    Runs of puzzles with several right answers that end in one of them. The null is the law's step less the ideal
    denoiser's.
    """
    keys = ["task", "case", "seed"]
    table = _solved(runs, "multi").set_index(keys)
    found = _of_puzzles((table.commitment_model - table.commitment_observer) / steps, seeds_of(runs), interval)
    law = (table.law_step - table.commitment_observer) / steps
    return found if found is UNMEASURED else replace(found, null=_mean(law))


def noise_dependence(invariance: pd.DataFrame, interval: Interval) -> Measured:
    """E5: variance over noises of x0_pred at the first step, as a share of that of the finished latents.

    invariance: COLUMNS of `probes.invariance.table`. Sums over cases, which are drawn. The null is 0: the ideal
    x0_pred at sigma 1 does not depend on the noise.
    """
    if invariance.empty or not invariance.final.gt(0).any():
        return UNMEASURED

    def share(values):
        first, final = values.sum(0)
        return first / final

    values = invariance[["first", "final"]].to_numpy(dtype=float)
    found = bootstrap_statistic(values, share, interval.resamples, interval.level, interval.seed)
    fewest = int(invariance.groupby("task").case.nunique().min())
    return Measured(len(values), int(invariance.seeds.max()), *found, fewest=fewest)


def _mean(values: pd.Series) -> float:
    """The mean over puzzles of the means over cases."""
    return float(values.dropna().groupby(["task", "case"]).mean().groupby("task").mean().mean())
