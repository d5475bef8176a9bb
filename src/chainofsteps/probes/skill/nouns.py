"""The noun skill: success on held-out puzzles. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...bench.sizes import drawn_as
from ...store.noun import Noun
from ..settings import DENOISING, sampling_of


def settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """How the stock pipeline samples, and how the puzzles are drawn where that is not as they are by themselves."""
    drawn = drawn_as(config["cases"]) if config["cases"]["folder"] is None else {}
    return {"sampling": sampling_of(config, model, *DENOISING), **({"drawn": drawn} if drawn else {})}


def held_out_names(config: Mapping[str, Any]) -> list[str]:
    """The items: the numbers of the held-out puzzles."""
    return [f"{index:05d}" for index in range(config["skill"]["number"])]


SKILL = Noun("skill", 2, settings, ("model",), names=held_out_names)
RECIPES = {"skill_table": 4}
