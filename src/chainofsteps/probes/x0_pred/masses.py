"""Candidate masses over the steps: the answer a run ends with, and its strongest rival, while both are alive."""

import pandas as pd

from ...statistics import Interval, bootstrap_mean


def chosen_and_rival(masses: pd.DataFrame, live: float) -> pd.DataFrame:
    """One row per run and step: mass of the candidate that has most at the last step, and of the strongest other.

    masses: the table of x0_pred (MASS_COLUMNS). Columns: task, kind, case, seed, step, chosen, rival, right; `right`
    says whether the chosen candidate solves the case, and has a mass above `live` at the end: where nothing is drawn,
    nothing is right.
    """
    rows = []
    for (task, kind, case, seed), run in masses.groupby(["task", "kind", "case", "seed"], sort=False):
        table = run.pivot(index="step", columns="candidate", values="mass")
        chosen = table.iloc[-1].idxmax()
        right = bool(run.loc[run.candidate == chosen, "right"].iloc[0]) and table[chosen].iloc[-1] > live
        rivals = table.drop(columns=chosen).max(axis=1)
        rows.append(
            pd.DataFrame(
                {"task": task, "kind": kind, "case": case, "seed": seed, "step": table.index, "right": right}
                | {"chosen": table[chosen].to_numpy(), "rival": rivals.to_numpy()}
            )
        )
    return pd.concat(rows, ignore_index=True)


def curves(runs: pd.DataFrame, interval: Interval) -> pd.DataFrame:
    """Mean over cases of chosen and rival at every step: task, quantity, step, cases, seeds, mass, low, high.

    Seeds of one case are averaged before cases are resampled.
    """
    points = []
    for (task, step), group in runs.groupby(["task", "step"], sort=True):
        for quantity in ("chosen", "rival"):
            per_case = group.pivot(index="case", columns="seed", values=quantity)
            mass, low, high = bootstrap_mean(per_case.to_numpy(), interval.resamples, interval.level, interval.seed)
            points.append(
                {"task": task, "quantity": quantity, "step": step, "cases": len(per_case), "seeds": per_case.shape[1]}
                | {"mass": mass, "low": low, "high": high}
            )
    return pd.DataFrame(points)
