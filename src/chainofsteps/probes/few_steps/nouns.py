"""The nouns few_steps and few_steps_score: recipes and settings. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import by_seed_and, scorer, untouched_sampling


def steps_of(config: Mapping[str, Any], model: str) -> list[int]:
    """The numbers of steps that a model is scored in: a distilled one in its own alone."""
    section, own = config["few_steps"], config["models"][model]["steps"]
    return [own] if model == section["distilled"] else section["steps"]


def other_steps(config: Mapping[str, Any], model: str) -> list[int]:
    """The numbers of steps that are run here: the rule trajectory has run the model's own number."""
    return [steps for steps in steps_of(config, model) if steps != config["models"][model]["steps"]]


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The same as of a trajectory. Its number of steps stands there too, though no run here has it."""
    return untouched_sampling(config, model)


def endings(config: Mapping[str, Any], model: str) -> list[str]:
    """The items are the runs of the seeds of `trajectory` in every other number of steps."""
    return by_seed_and(config, "steps", other_steps(config, model))


def score_settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the scores in every number of steps."""
    return {"steps": steps_of(config, model), "seeds": config["trajectory"]["seeds"], **scorer(config)}


FEW_STEPS = Noun("few_steps", 1, settings, ("model", "conditioning"), endings)
SCORE = Noun("few_steps_score", 2, score_settings, ("few_steps", "trajectory"), kit="scorer")
RECIPES = {"few_steps_table": 3}
