"""The scorer check: the tasks whose scores cannot be read as they stand, by what their own scorer says of the two
videos whose worth is known, the true clip and the first frame repeated.
"""

from collections.abc import Iterable

import pandas as pd

# Set on 2026-11-30, before any score of VBVR-Pro-Bench was made here: others had found that its scorer gives three of
# the five true clips of O-33 the score 0, and full marks to a still video of G-161. 0.3 is the most that the first
# frame of a puzzle made here may score, by test; 0.9 leaves room for what a codec or the VAE takes from a true clip.
LEAST_OF_CLIP, MOST_OF_STILL = 0.9, 0.3
PASSED = "passed"
REFERENCES = ["ground_truth", "static"]  # scores of the true clip, and of the first frame repeated


def failing(references: pd.DataFrame) -> str | None:
    """The tasks that fail, such as "O-33 (true clip 0.4); G-161 (first frame 1)", or PASSED; None without a number.

    references: of each case its task and REFERENCES in [0, 1]. A task is held by its means over cases, to four places
    as tables have them.
    """
    means = references[["task", *REFERENCES]].dropna().groupby("task", sort=False).mean().astype(float).round(4)
    if means.empty:
        return None
    found = []
    for task, clip, still in means.itertuples():
        why = [f"true clip {clip:g}"] * (clip < LEAST_OF_CLIP) + [f"first frame {still:g}"] * (still > MOST_OF_STILL)
        found += [f"{task} ({', '.join(why)})"] * bool(why)
    return "; ".join(found) or PASSED


def references_of(rows: pd.DataFrame, run: str, clip: str, still: str, score: str = "score") -> pd.DataFrame:
    """The references of each task and case, from a table with a row for each run.

    run: the column that tells runs apart; clip, still: what it says of the true clip and of the first frame repeated.
    """
    kept = rows[rows[run].isin([clip, still])].astype({score: float})
    table = kept.pivot_table(index=["task", "case"], columns=run, values=score).reindex(columns=[clip, still])
    return table.set_axis(REFERENCES, axis=1).reset_index()


def sentence(checks: Iterable[str | None]) -> str:
    """The scorer check of a table, by the column `scorer_check` of its rows: which tasks fail. None: not checked."""
    said = [check for check in checks if isinstance(check, str)]
    entries = [entry for check in said if check != PASSED for entry in check.split("; ")]
    by_task = {entry.partition(" (")[0]: entry for entry in reversed(entries)}  # the first of each task
    rule = f"true clip through the VAE at least {LEAST_OF_CLIP:g}, first frame repeated at most {MOST_OF_STILL:g}"
    if not said:
        return f"Scorer check ({rule}): not made, for want of the two scores."
    if not by_task:
        return f"Scorer check ({rule}): all tasks pass."
    listed = "; ".join(by_task[task] for task in reversed(by_task))
    count = "1 task fails" if len(by_task) == 1 else f"{len(by_task)} tasks fail"
    return f"Scorer check ({rule}): {count}, {listed}. Read scores there against these."
