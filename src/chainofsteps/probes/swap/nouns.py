"""The nouns swap, swap_score and swap_video_score: recipes and settings. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import batch_size, by_seed, part_of, scorer


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the swapped runs; the job adds which case is the source of which."""
    null = {"null_seed": config["trajectory"]["null_seed"]}
    return {"swap": part_of(config, "swap", "task", "number"), **null, **batch_size(config, model)}


def score_settings(_config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """Nothing beside the swapped runs and the candidate answers."""
    return {}


def video_settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """The scorer alone, beside the swapped runs and the trajectories."""
    return scorer(config)


SWAP = Noun("swap", 2, settings, ("trajectory",), by_seed)
SCORE = Noun("swap_score", 2, score_settings, ("answers", "swap"), by_seed)
VIDEO_SCORE = Noun("swap_video_score", 1, video_settings, ("swap", "trajectory"), by_seed, kit="scorer")
RECIPES = {"swap_table": 4}
