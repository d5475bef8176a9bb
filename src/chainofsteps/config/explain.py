"""What is wrong with a configuration, in one line that names the key, its value and what it must be."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import schema

Path = tuple[str | int, ...]


def explained(config: Any, errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors in words. A mistyped key is both unknown and missing; only the former helps."""
    error = min(errors, key=lambda error: error["type"] != "extra_forbidden")
    path: Path = error["loc"]
    if path[-1:] == ("[key]",):
        name = json.dumps(path[-2], ensure_ascii=False)
        names = schema.follow(path[:-2])[1]["propertyNames"]
        return f"{place(path[:-2])!r} has the key {name}, but a name must be {in_words(names)}"
    reached, part = schema.follow(path[:-1] if error["type"] == "extra_forbidden" else path)
    if error["type"] == "extra_forbidden" and reached == path[:-1]:
        known = next(kind["properties"] for kind in schema.options(part) if "properties" in kind)
        return f"unknown key {place(path)!r}{hint(path[-1], known, everywhere=True)}"
    if error["type"] == "missing" and reached == path:
        return f"key {place(path)!r} is missing; give {in_words(part)}"
    value = config
    for key in reached:
        value = value[key]
    what = repr(place(reached)) if reached else "the file"
    near_word = near(value, schema.target(part).get("enum", []))
    return f"{what} is {shortened(value)}, but must be {in_words(part)}{near_word}"


def shortened(value: Any) -> str:
    """A value as the file has it, 60 characters at most."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def place(path: Iterable[str | int]) -> str:
    """noise.steps[1], from ["noise", "steps", 1]."""
    words = ""
    for part in path:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else str(part)
    return words


def near(word: Any, known: Iterable[Any]) -> str:
    """A suggestion, if a known word is near, in large letters or small."""
    close = _closest(word, known)
    return f"; did you mean {close!r}?" if close else ""


def _closest(word: Any, known: Iterable[Any], cutoff: float = 0.6) -> str | None:
    folded = {str(name).casefold(): str(name) for name in known}
    close = difflib.get_close_matches(str(word).casefold(), folded, n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


def hint(word: Any, known: Iterable[str], everywhere: bool = False) -> str:
    """A suggestion: the nearest of `known`, else (everywhere) of all keys, else all `known`."""
    words = near(word, known)
    if not words and everywhere:
        places = {key.rpartition(".")[2]: key for key, _ in schema.keys(schema.schema())}
        close = _closest(word, places, cutoff=0.8)
        words = f"; did you mean {places[close]!r}?" if close else ""
    return words or f"; known are {', '.join(known)}"


def in_words(part: Mapping[str, Any]) -> str:
    """A part of the schema in words, such as "a whole number of at least 1"."""
    kinds = sorted(schema.options(part), key=lambda kind: kind.get("type") != "null")
    return " or ".join(_kind_in_words(kind) for kind in kinds)


_BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "up to",
    "exclusiveMaximum": "below",
}
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "object": "a section of keys",
    "string": "a text",
}


def _kind_in_words(kind: Mapping[str, Any]) -> str:
    if "const" in kind:
        return repr(kind["const"])
    if "enum" in kind:
        return "one of " + ", ".join(map(str, kind["enum"]))
    if "examples" in kind:
        return f"such as {kind['examples'][0]}"
    if kind["type"] == "array":
        unique = " without repeats" if kind.get("uniqueItems") else ""
        return f"a list{unique}, each {in_words(kind['items'])}"
    words = _TYPES[kind["type"]]
    if "pattern" in kind:
        return f"{words} of the form {kind['pattern']}"
    bounds = [f"{word} {kind[key]}" for key, word in _BOUNDS.items() if key in kind]
    return " ".join([words, " and ".join(bounds)]).strip()
