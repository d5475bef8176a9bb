"""The noun activations: its recipe, and the settings that token norms depend on. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import by_seed, part_of


def settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """The keys of the section `activations` that move a norm; the others are for the figures."""
    return {"activations": part_of(config, "activations", "tasks", "scale", "shown")}


ACTIVATIONS = Noun("activations", 1, settings, ("trajectory",), by_seed)
RECIPES = {"activations_table": 3}
