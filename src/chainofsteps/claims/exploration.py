"""C4 to C8 and C14: what lives in x0_pred before the answer is there, from the readings of every step."""

import pandas as pd

from ..decided import Thresholds, reading_steps
from ..figures.fig3_points import Interval
from ..figures.masses import chosen_and_rival
from ..statistics import bootstrap_mean
from . import UNMEASURED, Measured
from .noise import EARLY, seeds_of

CONTROL = "unique_maze"
SUPERPOSED = ("next_size", "rotation")


def _measured(per_case: pd.Series, table: pd.DataFrame, interval: Interval, null: float | None = None) -> Measured:
    if per_case.empty:
        return UNMEASURED
    found = bootstrap_mean(per_case.to_numpy(dtype=float), interval.resamples, interval.level, interval.seed)
    return Measured(len(per_case), seeds_of(table), *found, null=null)


def live(masses: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Live candidates of each run at each step: rows (task, kind, case, seed), columns steps."""
    masses = masses.assign(live=masses.mass >= threshold)
    return masses.groupby(["task", "kind", "case", "seed", "step"], sort=False).live.sum().unstack()


def pruned(masses: pd.DataFrame, threshold: float, interval: Interval) -> Measured:
    """C4: live candidates at early steps less those at the last step; puzzles with several solutions."""
    number = live(masses, threshold)
    early = number.columns < EARLY * number.shape[1]
    per_case = (number.loc[:, early].mean(axis=1) - number.iloc[:, -1]).groupby(["kind", "task", "case"]).mean()
    of = {kind: per_case[per_case.index.get_level_values("kind") == kind] for kind in ("multi", "unique")}
    return _measured(of["multi"], masses, interval, of["unique"].mean())


def superposed(masses: pd.DataFrame, interval: Interval) -> Measured:
    """C5: the strongest rival's highest mass over the steps less its mass at the end."""
    rival = chosen_and_rival(masses[masses.task.isin([*SUPERPOSED, CONTROL])])
    rival = rival.set_index(["task", "case", "seed", "step"]).rival.unstack()
    per_case = (rival.max(axis=1) - rival.iloc[:, -1]).groupby(["task", "case"]).mean()
    task = per_case.index.get_level_values("task")
    return _measured(per_case[task != CONTROL], masses, interval, per_case[task == CONTROL].mean())


def several_paths(masses: pd.DataFrame, threshold: float, interval: Interval) -> Measured:
    """C14: share of cases with two live candidates at some step."""
    several = (live(masses, threshold) >= 2).any(axis=1).groupby(["task", "case"]).any()
    control = several[several.index.get_level_values("task") == CONTROL]
    return _measured(several, masses, interval, float(control.mean()))


def reference_kept(readings: pd.DataFrame, thresholds: Thresholds, interval: Interval) -> Measured:
    """C6: share of steps at which x0_pred keeps the reference, of the runs that keep it at the end."""
    steps = reading_steps(readings, thresholds)
    if "kept" not in steps or steps.kept.isna().all():
        return UNMEASURED
    kept = steps.dropna(subset=["kept"]).set_index(["task", "case", "seed", "step"]).kept.unstack()
    kept = kept[kept.iloc[:, -1] == 1]
    return _measured(kept.mean(axis=1).groupby(["task", "case"]).mean(), readings, interval)


def revision(runs: pd.DataFrame, interval: Interval) -> Measured:
    """C7: share of runs that go from a held wrong answer to the right one, less the share that goes the other way."""
    unique = runs[runs.kind == "unique"]
    return _measured(unique.groupby(["task", "case"]).net_revision.mean(), unique, interval)


def perception_first(runs: pd.DataFrame, interval: Interval) -> Measured:
    """C8: first step with motion less first step with the mark, of the runs that end with both."""
    both = runs.dropna(subset=["later"])
    return _measured(both.groupby(["task", "case"]).later.mean(), both, interval)
