"""What the encoded answers and the weights on them depend on. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..baseline.nouns import unknown_here


def settings(_config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """Nothing of the configuration: the answers follow from the case and the VAE, the weights from the trajectory."""
    return {}


ANSWERS = Noun("answers", 1, settings, ("model",), rows=True)
CANDIDATES = Noun("candidates", 1, settings, ("answers", "trajectory"), unknown_here, rows=True)
RECIPES = {"candidates_table": 1}
