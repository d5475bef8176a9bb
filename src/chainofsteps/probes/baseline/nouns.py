"""The nouns conditioning, trajectory and other_seeds, with the recipes of what comes before. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import ENCODING, sampling_of, untouched_sampling


def conditioning_settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the embeddings of a prompt and of an encoded first frame."""
    return {"encoding": sampling_of(config, model, *ENCODING)}


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of a trajectory, whose noise is shared over cases or is the case's own; `keep` if not all is kept."""
    keep = config["trajectory"]["keep"]
    return untouched_sampling(config, model) | ({} if keep == "all" else {"keep": keep})


def unknown_here(_config: Mapping[str, Any], _model: str) -> None:
    """The seeds of all probes together: the configuration knows them (config.tasks.untouched_seeds)."""


CONDITIONING = Noun("conditioning", 1, conditioning_settings, ("model",))
TRAJECTORY = Noun("trajectory", 1, settings, ("model", "conditioning"), unknown_here)
OTHER_SEEDS = Noun("other_seeds", 1, settings, ("model", "conditioning"), unknown_here)
UNTOUCHED = {noun.name: noun for noun in (TRAJECTORY, OTHER_SEEDS)}  # by rule
RECIPES = {"cases": 3, "model": 1, "panels": 2}
