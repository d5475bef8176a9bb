"""The tables behind Figure 3: scores of all runs, and CKA dissimilarity by later step."""

from pathlib import Path

import pandas as pd

from ...errors import InputError

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
    "latent_frames",
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
NOISE_RUNS = ["noise_at_step", "noise_at_frame"]


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
    for name in ("model", "amplitude", "timing", "noise_seed", "noise", "step"):
        # over how many steps, and whether with the same noise, is a matter of noise at frame only
        rows = at_frame if name in ("noise", "step") else noisy
        values = rows[name].dropna().unique() if name in table.columns else []
        if len(values) > 1:
            found = ", ".join(str(value) for value in sorted(values))
            raise InputError(f"{path}: holds several values of {name} ({found}); draw one at a time")
