"""All nouns and recipes, gathered from the module `nouns` of every probe: no list names them. No torch here."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ..store.noun import Noun


def modules() -> Iterator[ModuleType]:
    """The modules `nouns` of the probes' folders, in the order of their names."""
    for path in sorted(Path(__file__).parent.glob("*/nouns.py")):
        yield import_module(f".{path.parent.name}.nouns", __package__)


def nouns() -> dict[str, Noun]:
    """Every noun, by its name."""
    return {noun.name: noun for module in modules() for noun in vars(module).values() if isinstance(noun, Noun)}


def recipes() -> dict[str, int]:
    """The recipe of every rule of a probe, by the rule's name: of nouns and of the tables made of them."""
    tables = {rule: recipe for module in modules() for rule, recipe in module.RECIPES.items()}
    return {**{name: noun.recipe for name, noun in nouns().items()}, **tables}
