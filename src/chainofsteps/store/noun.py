"""A noun of the results, such as `trajectory` in results/<model>/trajectory/<task>/<shard>.json. No torch here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Settings = Callable[[Mapping[str, Any], str], dict[str, Any]]
Endings = Callable[[Mapping[str, Any], str], list[str] | None]


def of_cases(_config: Mapping[str, Any], _model: str) -> list[str]:
    """The items are cases: their names end with nothing more."""
    return [""]


@dataclass(frozen=True)
class Noun:
    """A kind of result, with what its numbers depend on: for its rule, its script and rule verify.

    recipe: raised by whoever changes the code in a way that moves the numbers. settings: from the configuration and
    the name of a model, what the numbers depend on (JSON-able). made_from: names of the inputs that the numbers depend
    on, each by its own hash. endings: from the same two, how the names of a case's items end; None where the job is
    the first to know. names: from the configuration, the names of all items, where items are no cases. kit: the key of
    the settings whose value names EvalKit, if that scores; the job adds to it what only the kit's manifest knows.
    """

    name: str
    recipe: int
    settings: Settings
    made_from: tuple[str, ...] = ()
    endings: Endings = of_cases
    names: Callable[[Mapping[str, Any]], list[str]] | None = None
    kit: str = ""
