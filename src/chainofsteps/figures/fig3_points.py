"""Figure 3: from the two tables of single runs to the points, intervals and maps that are drawn."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..statistics import bootstrap_mean, paired_bootstrap

SCORE_COLUMNS = [
    "model",
    "task",
    "kind",
    "case",
    "seed",
    "run",
    "scheme",
    "step",
    "frame",
    "operator",
    "amplitude",
    "timing",
    "noise_seed",
    "noise",
    "score",
    "exact",
]
CKA_COLUMNS = [
    "model",
    "task",
    "kind",
    "case",
    "seed",
    "run",
    "step",
    "frame",
    "operator",
    "later_step",
    "features",
    "dissimilarity",
]
CLEAN_RUNS = ["baseline", "floor_static", "floor_noise"]
NOISE_RUNS = ["noise_at_step", "noise_at_frame"]
KINDS = ["multi", "unique"]


@dataclass(frozen=True)
class Interval:
    """How an interval is made: bootstrap over cases."""

    resamples: int
    level: float
    seed: int


def read_table(path: Path | str, columns: list[str], value: str) -> pd.DataFrame:
    """Read one table; `value` is its measured column.

    Raises InputError for a missing file or column, an empty table, a value that is no number, a run
    listed twice and runs of several settings.
    """
    try:
        table = pd.read_csv(path, dtype={"case": str, "step": str, "frame": str, "noise": str}, keep_default_na=True)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such table; run the rule that makes it") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not a CSV table ({str(error).splitlines()[0]})") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)}; it needs {', '.join(columns)}")
    if table.empty:
        raise InputError(f"{path}: has no rows; run the rules before it again")
    table[value] = pd.to_numeric(table[value], errors="coerce")
    bad = table[table[value].isna()]
    if len(bad):
        row = bad.iloc[0]
        raise InputError(f"{path}: {value} of case {row.case}, run {row.run} is no number; {len(bad)} such rows")
    keys = [name for name in columns if name not in (value, "exact")]
    twice = table[table.duplicated(keys)]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(f"{path}: case {row.case}, run {row.run} is listed twice; {len(twice)} such rows")
    table["unit"] = table.task.astype(str) + "/" + table.case  # a case, told apart from those of other tasks
    _one_setting(table, path)
    for run, name, other in (("noise_at_step", "step", "frame"), ("noise_at_frame", "frame", "step")):
        rows = table.run == run
        if pd.to_numeric(table.loc[rows, name], errors="coerce").isna().any():
            raise InputError(f"{path}: a row of run {run} has no {name}; run the rule that makes it again")
        table.loc[rows, other] = None  # such as "all", the steps of noise at frame
    for name in ("step", "frame"):
        table[name] = pd.to_numeric(table[name]).astype("Int64")
    return table


def _one_setting(table: pd.DataFrame, path: Path | str) -> None:
    """Averaging over two settings would draw a curve that nobody measured: InputError."""
    noisy = table[table.run.isin(NOISE_RUNS)]
    at_frame = noisy[noisy.run == "noise_at_frame"]
    for name in ("model", "features", "amplitude", "timing", "noise_seed", "noise", "step"):
        # over how many steps, and whether with the same noise, is a matter of noise at frame only
        rows = at_frame if name in ("noise", "step") else noisy
        values = rows[name].dropna().unique() if name in table.columns else []
        if len(values) > 1:
            found = ", ".join(str(value) for value in sorted(values))
            raise InputError(f"{path}: holds several values of {name} ({found}); draw one at a time")


def kinds_of(scores: pd.DataFrame) -> list[str]:
    """The kinds of puzzles in the table, the one with several solutions first."""
    found = [str(kind) for kind in scores.kind.unique()]
    return [kind for kind in KINDS if kind in found] + sorted(set(found) - set(KINDS))


def operators_of(table: pd.DataFrame) -> list[str]:
    """The operators that the table has runs of: the paper's formula first, then its refinements."""
    found = set(table.operator.dropna())
    return [name for name in ("replace", "renoise", "add") if name in found]


def _per_case(rows: pd.DataFrame, value: str) -> pd.Series:
    """Mean over the seeds of each case: cases are what is resampled, and seeds of one case are not cases."""
    return rows.groupby("unit")[value].mean()


def score_points(scores: pd.DataFrame, interval: Interval) -> pd.DataFrame:
    """One row per drawn point: kind, run, operator, step, frame, cases; score and drop with low and high.

    The drop is the clean score minus the score of the perturbed run of the same case (paired).
    """
    if not scores.run.isin(NOISE_RUNS).any():
        raise InputError(f"score table: has no rows of run {' or '.join(NOISE_RUNS)}; run the noise rule")
    points = []
    for kind in kinds_of(scores):
        of_kind = scores[scores.kind == kind]
        missing = [run for run in CLEAN_RUNS if run not in set(of_kind.run)]
        if missing:
            raise InputError(
                f"score table: kind {kind} has no rows of run {', '.join(missing)}; run the score rule again"
            )
        clean = _per_case(of_kind[of_kind.run == "baseline"], "score")
        groups = of_kind.groupby(["run", "operator", "step", "frame"], dropna=False, sort=True)
        for (run, operator, step, frame), rows in groups:
            values = _per_case(rows, "score")
            estimate, low, high = bootstrap_mean(values.to_numpy(), interval.resamples, interval.level, interval.seed)
            point = {"kind": kind, "run": run, "operator": operator, "step": step, "frame": frame}
            point |= {"cases": len(values), "score": estimate, "low": low, "high": high}
            if run in NOISE_RUNS:
                if not values.index.isin(clean.index).all():
                    lost = values.index[~values.index.isin(clean.index)][0]
                    raise InputError(f"score table: case {lost} has noise runs but no baseline")
                pair = clean.loc[values.index].to_numpy(), values.to_numpy()
                drop, drop_low, drop_high = paired_bootstrap(*pair, interval.resamples, interval.level, interval.seed)
                point |= {"drop": drop, "drop_low": drop_low, "drop_high": drop_high}
            points.append(point)
    return pd.DataFrame(points)


def cka_points(cka: pd.DataFrame, interval: Interval, sensitivity: str) -> pd.DataFrame:
    """Cells of the maps and points of the sensitivity curves, told apart by `quantity` cell | sensitivity.

    cell: mean CKA dissimilarity over cases at (step of injection or latent frame, later step).
    sensitivity at step s: mean over later steps t >= s ("mean") or the last one ("final"), with its interval.
    The re-seed null is put through the same reduction, so that both can be read on one axis.
    """
    reseeded = cka[cka.run == "reseed"]
    for kind in kinds_of(cka):
        if kind not in set(reseeded.kind):
            raise InputError(f"CKA table: kind {kind} has no rows of run reseed; run the noise rule again")
    cells = (
        cka.groupby(["kind", "run", "operator", "step", "frame", "later_step"], dropna=False)
        .agg(cases=("unit", "nunique"), dissimilarity=("dissimilarity", "mean"))
        .reset_index()
        .assign(quantity="cell")
    )
    noisy = cka[cka.run == "noise_at_step"]
    nulls = [reseeded[reseeded.later_step >= step].assign(step=step) for step in sorted(noisy.step.dropna().unique())]
    curves = []
    groups = pd.concat([noisy, *nulls]).groupby(["kind", "run", "operator", "step"], dropna=False)
    for (kind, run, operator, step), rows in groups:
        if sensitivity == "final":
            rows = rows[rows.later_step == rows.later_step.max()]
        values = _per_case(rows, "dissimilarity")
        estimate, low, high = bootstrap_mean(values.to_numpy(), interval.resamples, interval.level, interval.seed)
        curve = {"quantity": "sensitivity", "kind": kind, "run": run, "operator": operator, "step": step}
        curves.append(curve | {"cases": len(values), "dissimilarity": estimate, "low": low, "high": high})
    order = ["quantity", "kind", "run", "operator", "step", "frame", "later_step", "cases"]
    return pd.concat([cells, pd.DataFrame(curves)]).reindex(columns=[*order, "dissimilarity", "low", "high"])
