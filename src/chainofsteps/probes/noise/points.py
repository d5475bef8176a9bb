"""Figure 3: from the two tables of single runs to the points, intervals and maps that are drawn."""

import pandas as pd

from ...bench.scorer_check import failing, references_of
from ...errors import InputError
from ...statistics import SHARE, Interval, bootstrap_mean, paired_bootstrap
from .table import NOISE_RUNS

CLEAN_RUNS = ["baseline", "floor_static", "floor_noise"]
KINDS = ["multi", "unique"]


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
    """One row per drawn point: kind, run, operator, step, frame, cases; score and drop with low and high; scorer_check.

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
        check = failing(references_of(of_kind, "run", "ground_truth", "floor_static"))
        groups = of_kind.groupby(["run", "operator", "step", "frame"], dropna=False, sort=True)
        for (run, operator, step, frame), rows in groups:
            values = _per_case(rows, "score")
            estimate, low, high = bootstrap_mean(
                values.to_numpy(), interval.resamples, interval.level, interval.seed, bounds=SHARE
            )
            point = {"kind": kind, "run": run, "operator": operator, "step": step, "frame": frame}
            point |= {"cases": len(values), "score": estimate, "low": low, "high": high}
            if run in NOISE_RUNS:
                if not values.index.isin(clean.index).all():
                    lost = values.index[~values.index.isin(clean.index)][0]
                    raise InputError(f"score table: case {lost} has noise runs but no baseline")
                pair = clean.loc[values.index].to_numpy(), values.to_numpy()
                drop, drop_low, drop_high = paired_bootstrap(*pair, interval.resamples, interval.level, interval.seed)
                point |= {"drop": drop, "drop_low": drop_low, "drop_high": drop_high}
            points.append(point | {"scorer_check": check})
    return pd.DataFrame(points)


def comparisons(scores: pd.DataFrame, interval: Interval, restored: bool, scored: bool = False) -> pd.DataFrame:
    """Does noise at one step cost more than noise at one latent frame? One row per kind and operator of both.

    Of each case: the mean drop over steps less the mean drop over inner latent frames, which are those without the
    last, which is scored, and the first if it is restored. So neither side is favoured by having more points, as
    the worst of 20 steps against the worst of 3 latent frames would be. scored: the last latent frame is among the
    frames, which favours the frames, as leaving it out favours the steps. Columns: kind, operator, cases; at_step and
    at_frame, the two means; difference, with its interval low and high, cases drawn together; verdict, "more",
    "less", or "open" where the interval holds 0 or there is none.
    """
    at_frame = scores[scores.run == "noise_at_frame"]
    last = (at_frame.frame == at_frame.latent_frames - 1) & (not scored)
    inner = at_frame[~last & ~((at_frame.frame == 0) & restored)]
    at_step = scores[scores.run == "noise_at_step"]
    rows = []
    for kind in kinds_of(scores):
        clean = _per_case(scores[(scores.kind == kind) & (scores.run == "baseline")], "score")
        for operator in operators_of(scores):
            of_step, of_frame = (
                clean - _per_case(runs[(runs.kind == kind) & (runs.operator == operator)], "score")
                for runs in (at_step, inner)
            )
            drops = pd.DataFrame({"step": of_step, "frame": of_frame}).dropna()
            if drops.empty:
                continue
            pair = drops.step.to_numpy(), drops.frame.to_numpy()
            difference, low, high = paired_bootstrap(*pair, interval.resamples, interval.level, interval.seed)
            row = {"kind": kind, "operator": operator, "cases": len(drops)}
            row |= {"at_step": drops.step.mean(), "at_frame": drops.frame.mean()}
            row |= {"difference": difference, "low": low, "high": high}
            rows.append({**row, "verdict": "more" if low > 0 else "less" if high < 0 else "open"})
    columns = ["kind", "operator", "cases", "at_step", "at_frame", "difference", "low", "high", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def cka_points(cka: pd.DataFrame, interval: Interval, sensitivity: str) -> pd.DataFrame:
    """Cells of the maps and points of the sensitivity curves, told apart by `quantity` cell | sensitivity, and by
    `features`.

    cell: mean CKA dissimilarity over cases at (step of injection or latent frame, later step).
    sensitivity at step s: mean over later steps t >= s ("mean") or the last one ("final"), with its interval.
    The re-seed null is put through the same reduction, so that both can be read on one axis.
    """
    reseeded = cka[cka.run == "reseed"]
    for kind in kinds_of(cka):
        if kind not in set(reseeded.kind):
            raise InputError(f"CKA table: kind {kind} has no rows of run reseed; run the noise rule again")
    cells = (
        cka.groupby(["features", "kind", "run", "operator", "step", "frame", "later_step"], dropna=False)
        .agg(cases=("unit", "nunique"), dissimilarity=("dissimilarity", "mean"))
        .reset_index()
        .assign(quantity="cell")
    )
    noisy = cka[cka.run == "noise_at_step"]
    steps = sorted((reseeded.later_step if noisy.empty else noisy.step).unique())
    nulls = [reseeded[reseeded.later_step >= step].assign(step=step) for step in steps]
    curves = []
    keys = ["features", "kind", "run", "operator", "step"]
    for of_curve, rows in pd.concat([noisy, *nulls]).groupby(keys, dropna=False):
        if sensitivity == "final":
            rows = rows[rows.later_step == rows.later_step.max()]
        values = _per_case(rows, "dissimilarity")
        estimate, low, high = bootstrap_mean(values.to_numpy(), interval.resamples, interval.level, interval.seed)
        curve = {"quantity": "sensitivity", **dict(zip(keys, of_curve, strict=True))}
        curves.append(curve | {"cases": len(values), "dissimilarity": estimate, "low": low, "high": high})
    order = ["quantity", "features", "kind", "run", "operator", "step", "frame", "later_step", "cases"]
    return pd.concat([cells, pd.DataFrame(curves)]).reindex(columns=[*order, "dissimilarity", "low", "high"])
