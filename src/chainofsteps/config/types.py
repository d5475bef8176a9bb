"""Types of the configuration's values, each with its bounds: names, paths, seeds, lists, steps as words."""

from __future__ import annotations

import json
import os
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_serializer, model_validator
from typing_extensions import TypeAliasType

from ..names import NAME
from ..probes.indices import WORDS

T = TypeVar("T")


def _without_repeats(values: list) -> list:
    if len({json.dumps(value, sort_keys=True, default=str) for value in values}) < len(values):
        raise ValueError("has an item twice; keep one of them")
    return values


_NULLS = ("none", "null", "nil")  # null in other languages, which YAML reads as texts
# What a shell, a browser or another system would make of a path, and here would be a folder of that very name.
_NO_PATHS = {
    r"\s|.*\s$": "begins or ends with a space; take it away",
    r"[a-z0-9+.-]+://": "is an address; give a folder of this machine",
    r".*\\": "is a path of Windows; write it as this machine has it, with /",
    r".*\$[A-Za-z_]": "has a $, and variables are not read here; write the path out",
    f"({'|'.join(_NULLS)})$": "is a text; write null for no folder, or ./ before it for a folder of that name",
}


def _path(value: str) -> str:
    """A path with the home folder for ~. ValueError for what is no path of this machine."""
    for form, words in _NO_PATHS.items():
        if re.match(form, value, re.IGNORECASE):
            raise ValueError(words)
    path = os.path.expanduser(value)
    if path.startswith("~"):
        raise ValueError("begins with ~, but no user has that name; write the path out")
    return path


def _said(value: str) -> str:
    if value.strip().casefold() in _NULLS:
        raise ValueError('would be the prompt itself; write "" for none')
    return value


_UNIQUE = AfterValidator(_without_repeats)
_UNIQUE_ITEMS = {"uniqueItems": True}

# With a name of their own in the schema
Name = TypeAliasType("Name", Annotated[str, Field(pattern=f"^{NAME.pattern}$")])  # a part of paths
FolderPath = TypeAliasType(  # braces: wildcards to Snakemake
    "FolderPath", Annotated[str, Field(pattern=r"^[^{}\n]+$"), AfterValidator(_path)]
)
AdapterFile = TypeAliasType(  # a file in a folder or below it, never outside
    "AdapterFile",
    Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]*/)*[A-Za-z0-9][A-Za-z0-9_.-]*\.safetensors$")],
)
Seed = TypeAliasType("Seed", Annotated[int, Field(ge=0, le=2**63 - 1)])

Text = Annotated[str, Field(min_length=1)]
Prompt = Annotated[str, AfterValidator(_said)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
# Bounds are far above what anybody runs: a slip of some zeros is to be said at once, not after a minute or a day.
Number = Annotated[int, Field(ge=1, le=10_000)]  # of cases, of items of a batch
Steps = Annotated[int, Field(ge=1, le=1000)]  # of the sampler; layers of a network
Size = Annotated[int, Field(ge=1, le=10_000_000)]  # of tokens, channels, texts
Several = Annotated[list[T], Field(min_length=1, json_schema_extra=_UNIQUE_ITEMS), _UNIQUE]
Two = Annotated[list[T], Field(min_length=2, json_schema_extra=_UNIQUE_ITEMS), _UNIQUE]
AnyNumber = Annotated[list[T], Field(json_schema_extra=_UNIQUE_ITEMS), _UNIQUE]
Tasks = Several[Name]


class Section(BaseModel):
    """A section of keys: no other key, no text for a number, no 20.0 for a whole number, no nan."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Part(Section):
    """A section whose optional keys stay away where the file leaves them out: other keys or another entry stand in."""

    @model_serializer(mode="wrap")
    def _as_written(self, serialize: Any) -> dict[str, Any] | None:
        if self is None:  # left out itself
            return None
        return {key: value for key, value in serialize(self).items() if key in self.model_fields_set}


class Every(Section):
    """Every n-th index, from the first on."""

    model_config = ConfigDict(json_schema_extra={"examples": ["{every: 4}"]})
    every: Steps = Field(description="n.")


class Below(Section):
    """The indices below a fraction of how many the model has, from another fraction on; one at least."""

    model_config = ConfigDict(json_schema_extra={"examples": ["{below: 0.25}", "{above: 0.25, below: 0.75}"]})
    below: Share = Field(description="The fraction.")
    above: Share | None = Field(None, description="The fraction from which on, itself among them; null: the first.")

    @model_validator(mode="after")
    def _from_low_to_high(self) -> Below:
        if self.above is not None and self.above >= self.below:
            raise ValueError("holds none: it begins at `above` and ends before `below`; give `above` the smaller")
        return self


# A step, a layer, a latent frame. 0.5 of 20 steps is step 10: the fraction of the count, rounded down.
Index = TypeAliasType("Index", Annotated[int, Field(ge=0)] | Literal[*WORDS] | Annotated[float, Field(ge=0, lt=1)])
Indices = TypeAliasType("Indices", Literal["all"] | Several[Index] | Every | Below)
