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


def follow(path: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], Mapping[str, Any]]:
    """The path to a value, cut at the first key that may be of several kinds, and the schema of what is there."""
    part: Mapping[str, Any] = schema()
    for depth, key in enumerate(path):
        kinds = [option for option in options(part) if option.get("type") != "null"]
        if len(kinds) > 1:
            return path[:depth], part
        part = below(kinds[0], key)
    return path, part


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
