"""The nouns ensemble and ensemble_score: recipes and settings. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import batch_size, part_of, scorer


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the final latents of the ensembles. With controls `controls` is left out, as if there were no key."""
    left_out = ["controls"] if config["ensemble"]["controls"] else []
    asked = part_of(config, "ensemble", "tasks", "headroom", "number", *left_out)
    return {"ensemble": asked, **batch_size(config, model)}


def score_settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """The scorer alone, beside the ensembles and the trajectories."""
    return scorer(config)


ENSEMBLE = Noun("ensemble", 1, settings, ("trajectory",))
SCORE = Noun("ensemble_score", 1, score_settings, ("ensemble", "trajectory"), kit="scorer")
RECIPES = {"ensemble_table": 6}
