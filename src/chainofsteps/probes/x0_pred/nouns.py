"""The noun x0_pred: readings of the clean estimate by step. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...names import ending
from ...store.noun import Noun
from ..settings import scorer


def settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """The scorer, if it is not the puzzles' own: the rest is in the trajectories."""
    return scorer(config)


def of_both(config: Mapping[str, Any], _model: str) -> list[str]:
    """The items are the runs of the seeds of `trajectory` and of its null."""
    runs = config["trajectory"]
    return [ending(seed) for seed in (*runs["seeds"], runs["null_seed"])]


X0_PRED = Noun("x0_pred", 2, settings, ("trajectory",), of_both, kit="scorer")
RECIPES = {"x0_pred_table": 2, "decided": 3}
