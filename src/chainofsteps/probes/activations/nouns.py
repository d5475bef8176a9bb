"""What the token norms depend on. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import by_seed, part_of


def settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """What of the section `activations` moves a norm; the rest is for the figures."""
    return {"activations": part_of(config, "activations", "tasks", "scale", "shown")}


ACTIVATIONS = Noun("activations", 1, settings, ("trajectory",), by_seed)
RECIPES = {"activations_table": 2}
