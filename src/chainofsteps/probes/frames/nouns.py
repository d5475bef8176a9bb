"""The nouns frames and frames_score: recipes and settings. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import scorer, untouched_sampling


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The same as of a trajectory. The frame counts are in the names of the items."""
    return untouched_sampling(config, model)


def unknown_here(_config: Mapping[str, Any], _model: str) -> None:
    """None: the case decides which counts are other counts."""


def score_settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """Settings of the scores in every frame count."""
    return {"counts": config["frames"]["counts"], "seeds": config["trajectory"]["seeds"], **scorer(config)}


FRAMES = Noun("frames", 1, settings, ("model", "conditioning"), unknown_here)
SCORE = Noun("frames_score", 1, score_settings, ("frames", "trajectory"), kit="scorer")
RECIPES = {"frames_table": 4}
