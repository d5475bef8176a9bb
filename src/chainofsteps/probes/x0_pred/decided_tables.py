"""The measures of `decided`, each with cases, runs, seeds and interval: by puzzle, over puzzles of a kind, by step.

A case is what is drawn: its seeds are averaged first, and cases of several puzzles are drawn together. A run of which
a measure does not speak (the step of a change, where nothing changes) is left out of it, so n differs by measure.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ...statistics import DIFFERENCE, SHARE, bootstrap_mean
from .decided import NONE, Thresholds, agreement, by_step, reading_steps

OF_RUNS = [  # columns of decided.runs_of
    "right",
    "decided_at",
    "at_first",
    "multi_path",
    "wrong_to_right",
    "right_to_wrong",
    "net_revision",
    "spread",
    "spread_null",
    "in_one",
    "in_one_null",
    "marked_at",
    "moved_at",
    "moved_named_at",
    "later",
    "later_named",
    "marked_first",
    "together",
    "moved_first",
]
OF_STEPS = ["right", "final", "mass", "live", "effective", "wrong"]  # of decided.by_step
OF_READINGS = ["given", "away", "back", "kept", "marked", "marked_other", "moved", "moved_named"]
SHARES = [  # of runs: each run has it or has not
    *("right", "at_first", "multi_path", "wrong_to_right", "right_to_wrong", "in_one", "in_one_null"),
    *("marked_first", "together", "moved_first", "final", "wrong", "kept"),
]
BOUNDS = {**dict.fromkeys(SHARES, SHARE), "net_revision": DIFFERENCE}  # where all cases agree an interval has a width
KEYS = ["model", "task", "kind"]
COLUMNS = [*KEYS, "measure", "n", "runs", "seeds", "estimate", "low", "high"]
STEP_COLUMNS = [*KEYS, "step", "measure", "n", "runs", "seeds", "estimate", "low", "high"]
ALL = "all"  # in place of a task: all puzzles of the kind


def measured(runs: pd.DataFrame, column: str, statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Mean of a column over cases: n, runs, seeds, estimate, low, high; a run whose value is nan is left out.

    An estimate of no runs is nan, with n = 0.
    """
    there = runs[runs[column].notna()]
    counts = {"n": 0, "runs": len(there), "seeds": there.seed.nunique()}
    if there.empty:
        return counts | dict.fromkeys(("estimate", "low", "high"), math.nan)
    per_case = there.astype({column: float}).groupby(["task", "case"])[column].mean()
    estimate, low, high = bootstrap_mean(per_case.to_numpy(), **statistics, bounds=BOUNDS.get(column))
    return counts | {"n": len(per_case), "estimate": estimate, "low": low, "high": high}


def agreements(runs: pd.DataFrame, statistics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """agreement: the probability that two seeds of a case end in the same answer; agreement_bits: its -log2.

    Runs that end without an answer are left out, and cases of which fewer than two are left.
    """
    answered = runs[runs.answer != NONE]
    of_case = answered.groupby(["task", "case"]).answer.agg(lambda answers: agreement(answers.tolist()))
    table = answered.merge(of_case.rename("agreement").reset_index(), on=["task", "case"])
    found = {"measure": "agreement", **measured(table, "agreement", statistics)}
    bits = {"estimate": found["estimate"], "low": found["high"], "high": found["low"]}  # less agreement, more bits
    return [found, {**found, "measure": "agreement_bits", **{name: _bits(value) for name, value in bits.items()}}]


def _bits(probability: float) -> float:
    return math.inf if probability == 0 else abs(-math.log2(probability))


def _groups(runs: pd.DataFrame) -> Iterable[tuple[dict[str, str], pd.DataFrame]]:
    """Runs by puzzle, and then by kind."""
    for key, group in runs.groupby(KEYS, sort=False):
        yield dict(zip(KEYS, key, strict=True)), group
    for (model, kind), group in runs.groupby(["model", "kind"], sort=False):
        yield {"model": model, "task": ALL, "kind": kind}, group


def of_runs(runs: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """COLUMNS: every measure of `decided.runs_of`, and the agreement of seeds, by puzzle and by kind."""
    rows = []
    for key, group in _groups(runs):
        found = [{"measure": name, **measured(group, name, statistics)} for name in OF_RUNS]
        rows += [{**key, **row} for row in [*found, *agreements(group, statistics)] if row["n"]]
    return pd.DataFrame(rows, columns=COLUMNS).round(4)


def curve(steps: pd.DataFrame, measures: Sequence[str], statistics: Mapping[str, Any]) -> pd.DataFrame:
    """STEP_COLUMNS: those of the measures that the rows of `decided.by_step` or `reading_steps` have, by puzzle."""
    rows = []
    for (*key, step), group in steps.groupby([*KEYS, "step"], sort=False):
        named = dict(zip(KEYS, key, strict=True))
        for name in (name for name in measures if name in group):
            row = measured(group, name, statistics)
            rows += [{**named, "step": step, "measure": name, **row}] if row["n"] else []
    return pd.DataFrame(rows, columns=STEP_COLUMNS).round(4)


def of_steps(tables: Mapping[str, pd.DataFrame], thresholds: Thresholds, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """STEP_COLUMNS: who leads, how many are alive and what is read, at every step; tables: masses and readings."""
    leading = curve(by_step(tables["masses"], thresholds), OF_STEPS, statistics)
    read_out = curve(reading_steps(tables["readings"], thresholds), OF_READINGS, statistics)
    return pd.concat([leading, read_out] if len(read_out) else [leading], ignore_index=True)
