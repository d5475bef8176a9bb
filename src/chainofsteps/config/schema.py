"""The JSON schema of the configuration, generated from its models: for editors, and for the words of an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .configuration import Configuration


class _Plain(GenerateJsonSchema):
    """No titles, which repeat the keys; no null as the default of a key that may not be null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        json = super().default_schema(schema)
        if schema.get("default", ...) is None and schema["schema"]["type"] != "nullable":
            json.pop("default", None)
        return json


@cache
def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12)."""
    head = {"$schema": GenerateJsonSchema.schema_dialect}
    return head | Configuration.model_json_schema(schema_generator=_Plain) | {"title": "config.yaml"}


def target(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the schema, or the definition that it refers to."""
    return schema()["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def options(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The kinds of value that a key may have, null among them."""
    return [target(option) for option in target(part).get("anyOf", [part])]


def below(part: Mapping[str, Any], key: str | int) -> Mapping[str, Any] | None:
    """The schema of an item of a list, of a key, or of a name; None for a key that is not known."""
    if isinstance(key, int):
        return part["items"]
    return part.get("properties", {}).get(key, part.get("additionalProperties") or None)


def follow(path: tuple[str | int, ...]) -> Mapping[str, Any] | None:
    """The schema of what a path leads to; None for a key that is not known. Of a key that may be of several
    kinds, such as a word or a list, that kind is followed which can hold what comes next."""
    part: Mapping[str, Any] | None = schema()
    for key in path:
        holds = "items" if isinstance(key, int) else "properties"
        kinds = [kind for kind in options(part) if holds in kind or (holds == "properties" and _names(kind))]
        part = next((found for kind in kinds if (found := below(kind, key))), None)
        if part is None:
            return None
    return part


def _names(kind: Mapping[str, Any]) -> bool:
    """True for a section whose keys are names of the user's."""
    return bool(kind.get("additionalProperties"))


def known_keys(part: Mapping[str, Any]) -> list[str]:
    """The keys that a section may have, of all kinds that it may be of."""
    return [key for kind in options(part) for key in kind.get("properties", {})]


def keys(part: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every key below a part of the schema, with its place, such as "noise.steps", and its schema."""
    for kind in sections(part):
        for key, value in kind.get("properties", {}).items():
            yield f"{place}{key}", value
            yield from keys(value, f"{place}{key}.")
        if names := below(kind, ""):
            yield from keys(names, f"{place}<name>.")
    for kind in options(part):
        if "items" in kind:
            yield from keys(kind["items"], place)


def sections(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The kinds of value of a key that are sections of keys; not words such as {every: 4}."""
    return [kind for kind in options(part) if kind.get("type") == "object" and "examples" not in kind]
