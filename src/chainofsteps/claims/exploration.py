"""C4 to C8 and C14: what lives in x0_pred before the answer is there, from the readings of every step."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ..probes.x0_pred.decided import Thresholds, reading_steps
from ..probes.x0_pred.masses import chosen_and_rival
from ..statistics import DIFFERENCE, SHARE, Bounds, Interval, bootstrap_group_means, bootstrap_mean
from . import UNMEASURED, Measured
from .noise import seeds_of


@dataclass(frozen=True)
class Undisturbed:
    """What all of these need. scores: SCORE_COLUMNS of x0_pred, whose last step is the finished video."""

    scores: pd.DataFrame
    interval: Interval

    def measured(
        self, per_case: pd.Series, seeds: int, null: float | None = None, bounds: Bounds | None = None
    ) -> Measured:
        """The mean over cases, beside the score of the finished videos of the same puzzles; per_case: by task, case.

        The interval draws cases within each puzzle, and has the width of a share where they agree within `bounds`;
        `earlier`, from all puzzles together.
        """
        if per_case.empty:
            return UNMEASURED
        how = (self.interval.resamples, self.interval.level, self.interval.seed)
        groups = [group.to_numpy(dtype=float) for _, group in per_case.groupby("task", sort=False)]
        found = bootstrap_group_means(groups, list(map(len, groups)), *how, bounds)
        pooled = bootstrap_mean(per_case.to_numpy(dtype=float), *how)
        of_tasks = self.scores[self.scores.task.isin(per_case.index.get_level_values("task"))]
        finished = of_tasks[of_tasks.step == of_tasks.step.max()]
        about = {"null": null, "clean": float(finished.score.mean()), "fewest": min(map(len, groups))}
        earlier = Measured(len(per_case), seeds, *pooled, **about)
        return Measured(len(per_case), seeds, *found, **about, earlier=earlier)


def live(masses: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Live candidates of each run at each step: rows (task, kind, case, seed), columns steps."""
    masses = masses.assign(live=masses.mass > threshold)
    return masses.groupby(["task", "kind", "case", "seed", "step"], sort=False).live.sum().unstack()


def pruned(masses: pd.DataFrame, threshold: float, early: float, of: Undisturbed) -> Measured:
    """C4: live candidates at early steps less those at the last step; puzzles with several solutions.

    early: steps below this part of the steps.
    """
    number = live(masses, threshold)
    first = number.columns < early * number.shape[1]
    per_case = (number.loc[:, first].mean(axis=1) - number.iloc[:, -1]).groupby(["kind", "task", "case"]).mean()
    of_kind = {kind: per_case[per_case.index.get_level_values("kind") == kind] for kind in ("multi", "unique")}
    return of.measured(of_kind["multi"], seeds_of(masses), of_kind["unique"].mean())


def superposed(masses: pd.DataFrame, threshold: float, tasks: Sequence[str], control: str, of: Undisturbed) -> Measured:
    """C5: the strongest rival's highest mass over the steps less its mass at the end; null: the same of `control`."""
    if not masses.task.isin(tasks).any():
        return UNMEASURED
    rival = chosen_and_rival(masses[masses.task.isin([*tasks, control])], threshold)
    rival = rival.set_index(["task", "case", "seed", "step"]).rival.unstack()
    per_case = (rival.max(axis=1) - rival.iloc[:, -1]).groupby(["task", "case"]).mean()
    task = per_case.index.get_level_values("task")
    return of.measured(per_case[task != control], seeds_of(masses), per_case[task == control].mean(), DIFFERENCE)


def several_paths(masses: pd.DataFrame, threshold: float, least: int, control: str, of: Undisturbed) -> Measured:
    """C14: share of cases with at least `least` live candidates at some step; null: the same of `control`."""
    several = (live(masses, threshold) >= least).any(axis=1).groupby(["task", "case"]).any()
    of_control = several[several.index.get_level_values("task") == control]
    return of.measured(several, seeds_of(masses), float(of_control.mean()), SHARE)


def reference_kept(readings: pd.DataFrame, thresholds: Thresholds, of: Undisturbed) -> Measured:
    """C6: share of steps at which x0_pred keeps the reference, of the runs that keep it at the end."""
    steps = reading_steps(readings, thresholds)
    if "kept" not in steps or steps.kept.isna().all():
        return UNMEASURED
    kept = steps.dropna(subset=["kept"]).set_index(["task", "case", "seed", "step"]).kept.unstack()
    kept = kept[kept.iloc[:, -1] == 1]
    return of.measured(kept.mean(axis=1).groupby(["task", "case"]).mean(), seeds_of(readings), bounds=SHARE)


def revision(runs: pd.DataFrame, of: Undisturbed) -> Measured:
    """C7: share of runs that go from a held wrong answer to the right one, less the share that goes the other way."""
    unique = runs[runs.kind == "unique"]
    return of.measured(unique.groupby(["task", "case"]).net_revision.mean(), seeds_of(unique), bounds=DIFFERENCE)


def perception_first(runs: pd.DataFrame, of: Undisturbed) -> Measured:
    """C8: first step with motion of any object less first step with the mark, of the runs that end with both."""
    both = runs.dropna(subset=["later"])
    return of.measured(both.groupby(["task", "case"]).later.mean(), seeds_of(both))
