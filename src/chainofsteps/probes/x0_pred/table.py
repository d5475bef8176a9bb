"""Success of x0_pred by task and step, over all shards."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...bench.categories import category_of
from ...tables import success


def summary(table: pd.DataFrame, statistics: Mapping[str, Any], by: Sequence[str] = ()) -> pd.DataFrame:
    """Per task and step: exact success and mean score with bootstrap intervals over cases (tables.success).

    `by`: columns that split the cases of a task further, such as difficulty and right_answers.
    """
    categories = {task: category_of(task) for task in table.task.unique()}
    table = table.assign(category=table.task.map(categories))
    return success(table, ["model", "task", "category", "kind", *by, "step", "sigma"], statistics)
