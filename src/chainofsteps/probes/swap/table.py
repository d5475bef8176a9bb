"""How often a swapped run shows the source's answer, by layer and step, over all shards."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...errors import InputError
from ...statistics import SHARE, bootstrap_mean
from ...tables import write_table

MASS, MARGIN = 0.5, 0.25  # an answer is shown if it has this mass, and this much more than any other candidate
SCORES = ["score_target", "score_source"]  # of a video as the target's and as the source's, where a scorer reads it
RUN = ["run", "layer", "width", "mode", "part", "steps", "readout"]
OUTCOMES = {"flip": "source", "kept": "target", "other": "other"}
MEASURED = [*OUTCOMES, "mass_source", "mass_target", "distance", *SCORES]


def summary(table: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Per swap, set of steps and readout: share of pairs that show the source's answer (flip), the target's (kept) or
    neither (other), and the weights or the scores of both, with bootstrap intervals over pairs.

    table: rows of COLUMNS; run is swap, or a control: target and source (the clean runs), same_text (mode full with
    equal text, whose distance from the source's velocity is 0 where it is degenerate). Columns: model, task, RUN, n
    (pairs), seeds, and each of MEASURED with low and high.
    """
    told = table.outcome.notna()
    table = table.assign(**{name: (table.outcome == word).where(told) for name, word in OUTCOMES.items()})
    rows = []
    for keys, group in table.groupby(["model", "task", *RUN], sort=False, dropna=False):
        row = dict(zip(["model", "task", *RUN], keys, strict=True))
        per_case = group.astype(dict.fromkeys(MEASURED, float)).groupby("case")[MEASURED].mean()
        row |= {"n": len(per_case), "seeds": group.seed.nunique()}
        for name in MEASURED:
            if per_case[name].notna().all():
                estimate, low, high = bootstrap_mean(per_case[name].to_numpy(), **statistics, bounds=SHARE)
                row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows).round(4)


def split(table: pd.DataFrame, step_sets: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the curves over layers, with their controls, and those of the layer x step matrix.

    step_sets: the sets of the curves, as they stand in the table. A swap at a step of its own may be in both; the
    matrix holds the pairs that were chosen for it alone, so that all its cells are of the same pairs.
    """
    swapped = table.run == "swap"
    curves = table[~swapped | table.steps.isin(step_sets)]
    single = swapped & (table["mode"] == "residual") & (table.width == 1) & ~table.steps.str.contains(" ", na=True)
    matrix = table[table.matrix & single].assign(step=lambda rows: rows.steps.astype(int))
    return curves, matrix.sort_values(["readout", "layer", "step"], kind="stable")


def write(path: str, rows: pd.DataFrame, statistics: Mapping[str, Any]) -> None:
    """The summary of some rows as a table; only its header if there are none."""
    found = summary(rows, statistics) if len(rows) else pd.DataFrame(columns=["model", "task", *RUN])
    write_table(path, found.astype({"layer": "Int64", "width": "Int64"}))


def read_rows(paths: Sequence[str]) -> pd.DataFrame:
    """The tables of all shards, rows of COLUMNS; in earlier tables, which are of puzzles alone, no scores stand.

    Raises InputError if they hold no pair at all.
    """
    text = dict.fromkeys(("case", "source", "steps", "mode", "part"), str)
    table = pd.concat([pd.read_csv(path, dtype={**text, "layer": "Int64", "width": "Int64"}) for path in paths])
    if table.empty:
        raise InputError("swap: no two neighbouring cases have different answers; give more cases")
    return table.reindex(columns=[*table.columns, *(name for name in SCORES if name not in table)])
