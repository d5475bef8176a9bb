"""The noun ladder: its recipe, and the settings that its numbers depend on. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import untouched_sampling

KINDS = ("plain", "renoised")  # the two runs of a case: as it is, and made anew after every step


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the runs and of their reading; the job adds what conditioning and answers are made from."""
    section, seed = config["ladder"], config["trajectory"]["seeds"][0]
    asked = {"numbers": section["steps"], "residual": section["residual"], "seed": seed}
    return {**untouched_sampling(config, model), **asked}


def item_name(task: str, case: str) -> str:
    """The item of a case: one job takes the cases of all puzzles."""
    return f"{task}-{case}"


LADDER = Noun("ladder", 1, settings, ("model",), lambda _config, _model: None)
RECIPES = {"ladder_table": 2}
