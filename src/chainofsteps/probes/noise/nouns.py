"""The nouns noise and score: recipes and settings. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import batch_size, by_seed, part_of, scorer


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the final latents of the perturbed runs and of their dissimilarities."""
    return {
        "noise": part_of(config, "noise", "restore_first_frame"),
        "similarity": part_of(config, "similarity", "sensitivity"),
        "null_seed": config["trajectory"]["null_seed"],
        **batch_size(config, model),
    }


def score_settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """Settings of the scores of the untouched, re-seeded and perturbed runs."""
    return {
        "restore_first_frame": config["noise"]["restore_first_frame"],
        "seeds": config["trajectory"]["seeds"],
        "null_seed": config["trajectory"]["null_seed"],
        **scorer(config),
    }


NOISE = Noun("noise", 2, settings, ("trajectory",), by_seed)
SCORE = Noun("score", 2, score_settings, ("noise",), kit="scorer")
RECIPES = {"fig3_scores": 2, "fig3_cka": 1, "clip": 1}
