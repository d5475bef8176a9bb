"""Success of x0_pred by task and step, over all shards."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...bench import puzzles
from ...bench.vbvr import TASKS
from ...tables import success


def category_of(task: str) -> str:
    """The category of a puzzle, or of a task of VBVR-Bench."""
    return TASKS[task].category if task in TASKS else puzzles.puzzle(task).CATEGORY


def summary(table: pd.DataFrame, statistics: Mapping[str, Any], by: Sequence[str] = ()) -> pd.DataFrame:
    """Per task and step: exact success and mean score with bootstrap intervals over cases (tables.success).

    `by`: columns that split the cases of a task further, such as difficulty and right_answers.
    """
    categories = {task: category_of(task) for task in table.task.unique()}
    table = table.assign(category=table.task.map(categories))
    return success(table, ["model", "task", "category", "kind", *by, "step", "sigma"], statistics)
