"""The noun linear_readout: its recipe, and the settings that the kept hidden states depend on. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import by_seed

KEPT = ("steps", "tokens", "width")


def settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """The keys of the section that move the hidden states; the others are of the fit."""
    return {"linear_readout": {key: config["linear_readout"][key] for key in KEPT}}


LINEAR_READOUT = Noun("linear_readout", 1, settings, ("trajectory",), by_seed)
RECIPES = {"linear_readout_table": 2}
