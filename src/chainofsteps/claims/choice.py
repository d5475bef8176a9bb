"""E1 to E5: is the chain of steps a choice among answers that the model knows, or a search?"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..probes.candidates.table import MOST_DECIDED, RUN, reliable
from ..probes.ladder.table import FINAL
from ..statistics import Interval, bootstrap_group_means, bootstrap_statistic
from . import UNMEASURED, Measured
from .noise import seeds_of

LEAST_GAP = 0.1  # of the success in a single step between the depths: what is less is not there to be made up


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


def steps_for_layers(ladder: pd.DataFrame, steps: int, several: Sequence[str], interval: Interval) -> Measured:
    """E4: of what the deepest model solves more than the shallowest in a single step, the share that the shallowest
    makes up in `steps` steps. null: the same of the runs that are noised anew after every step.

    ladder: COLUMNS of `probes.ladder.table`; of each depth the first model counts. several: puzzles that are left out,
    since they have several right answers.
    """
    finals = ladder[(ladder.step == FINAL) & ~ladder.task.isin(list(several)) & ladder.steps.isin([1, steps])]
    finals = finals[finals.model.isin(finals.drop_duplicates("layers").model)]
    ends = (
        (finals.layers.min(), 1),
        (finals.layers.min(), steps),
        (finals.layers.max(), 1),
        (finals.layers.max(), steps),
    )
    solved = finals.assign(solved=finals.solved.astype(float)).pivot_table(
        index=["task", "case"], columns=["kind", "layers", "steps"], values="solved"
    )
    if len({*ends}) < 4 or any((kind, *end) not in solved for kind in ("plain", "renoised") for end in ends):
        return UNMEASURED
    tasks = solved.index.get_level_values("task")
    weights = (1 / tasks.to_series().map(tasks.value_counts()) / tasks.nunique()).to_numpy()  # puzzles count alike

    def made_up(drawn: np.ndarray) -> float:
        one, many, deep = weights @ drawn[:, :3]
        return (many - one) / (deep - one) if deep > one else math.inf

    plain, anew = (solved[[(kind, *end) for end in ends]].to_numpy() for kind in ("plain", "renoised"))
    one, _, deep, deep_many = weights @ plain
    if deep - one < LEAST_GAP:
        return UNMEASURED
    how = (interval.resamples, interval.level, interval.seed, tasks)
    found = Measured(
        len(solved), seeds_of(finals), *bootstrap_statistic(plain, made_up, *how), null=float(made_up(anew))
    )
    return replace(found, clean=float(deep_many), fewest=int(tasks.value_counts().min()))


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
