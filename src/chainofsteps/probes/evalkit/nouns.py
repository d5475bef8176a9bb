"""The noun evalkit: EvalKit's scores of the untouched runs. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...store.noun import Noun
from ..settings import kit


def settings(config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """The kit's source and the seeds whose runs it scores; the job adds the versions of what it runs with."""
    return {"kit": kit(config, "source"), "seeds": config["trajectory"]["seeds"]}


EVALKIT = Noun("evalkit", 1, settings, ("trajectory",), kit="kit")
RECIPES = {"evalkit_source": 2, "evalkit_python": 2, "evalkit_table": 4}
