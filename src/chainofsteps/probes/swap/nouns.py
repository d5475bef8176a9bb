"""The nouns swap and swap_score: recipes and settings. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import batch_size, by_seed, part_of


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the swapped runs; the job adds which case is the source of which."""
    null = {"null_seed": config["trajectory"]["null_seed"]}
    return {"swap": part_of(config, "swap", "task", "number"), **null, **batch_size(config, model)}


def score_settings(_config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """Nothing beside the swapped runs and the candidate answers."""
    return {}


SWAP = Noun("swap", 2, settings, ("trajectory",), by_seed)
SCORE = Noun("swap_score", 2, score_settings, ("answers", "swap"), by_seed, rows=True)
RECIPES = {"swap_table": 4}
