"""The nouns ensemble and ensemble_score: recipes and settings. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import batch_size, part_of


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the final latents of the ensembles."""
    return {"ensemble": part_of(config, "ensemble", "tasks", "headroom", "number"), **batch_size(config, model)}


def score_settings(_config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """Nothing beside the ensembles and the trajectories."""
    return {}


ENSEMBLE = Noun("ensemble", 1, settings, ("trajectory",))
SCORE = Noun("ensemble_score", 1, score_settings, ("ensemble", "trajectory"), rows=True)
RECIPES = {"ensemble_table": 4}
