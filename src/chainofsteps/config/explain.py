"""What is wrong with a configuration, in one line that names the key, its value and what it must be."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..names import NAME
from . import schema

Path = tuple[str | int, ...]


def explained(config: Any, errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors in words. A mistyped key is both unknown and missing; only the former helps."""
    found = [(_place_of(error, config), error) for error in errors]
    found = [(path, error) for path, error in found if not _of_another_kind(path, error)]
    path, error = min(found, key=lambda one: one[1]["type"] != "extra_forbidden")
    deeper = [one for one in found if one[0][: len(path)] == path]
    while deeper := [one for one in deeper if len(one[0]) > len(path)]:  # an item is why its list is none of the kinds
        path, error = deeper[0]
        deeper = [one for one in deeper if one[0][: len(path)] == path]
    error = next((other for at, other in found if at == path and other["type"] == "value_error"), error)
    return _in_one_line(config, path, error)


def _place_of(error: Mapping[str, Any], config: Any) -> Path:
    """Where an error lies. pydantic also names the kinds that it tried, which are no part of the file."""
    loc, path, value = error["loc"], [], config
    if loc[-1:] == ("[key]",):
        return loc
    for number, key in enumerate(loc):
        there = isinstance(value, Mapping) and key in value
        there = there or (isinstance(value, list) and isinstance(key, int) and key < len(value))
        if there or (error["type"] == "missing" and number == len(loc) - 1):
            path.append(key)
            value = value[key] if there else None
    return tuple(path)


def _of_another_kind(path: Path, error: Mapping[str, Any]) -> bool:
    """True for a key that {every: ..} lacks where {below: ..} has it, or the other way round."""
    parent = schema.follow(path[:-1]) if path else None
    if parent is None or sum("properties" in kind for kind in schema.options(parent)) < 2:
        return False
    return error["type"] == "missing" or (error["type"] == "extra_forbidden" and path[-1] in schema.known_keys(parent))


def _in_one_line(config: Any, path: Path, error: Mapping[str, Any]) -> str:
    if path[-1:] == ("[key]",):
        name = json.dumps(path[-2], ensure_ascii=False)
        names = next(kind["propertyNames"] for kind in schema.options(schema.follow(path[:-2])))
        return f"{place(path[:-2])!r} has the key {name}, but a name must be {in_words(names)}"
    if error["type"] == "extra_forbidden":
        known, (first, dot, rest) = schema.known_keys(schema.follow(path[:-1])), str(path[-1]).partition(".")
        if dot and first in known:
            return f"unknown key {place(path)!r}; write it as keys below keys, `{first}: {{{rest}: ...}}`"
        return f"unknown key {place(path)!r}{hint(path[-1], known, everywhere=True)}"
    part = schema.follow(path)
    if error["type"] == "missing":
        return f"key {place(path)!r} is missing; give {in_words(part)}"
    value = config
    for key in path:
        value = value[key]
    what = repr(place(path)) if path else "the file"
    if error["type"] == "value_error":  # in the words of `types`
        return f"{what} is {shortened(value)}, which {error['msg'].removeprefix('Value error, ')}"
    mend = near(value, schema.target(part).get("enum", []))
    if error["type"] == "string_type" and not isinstance(value, Mapping | list | None):
        zeros = ", as it stands in the file: a number without them loses its zeros" * (type(value) is int)
        mend = f"; put it in quotes{zeros}"
    return f"{what} is {shortened(value)}, but must be {in_words(part)}{mend}"


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


# Patterns of the schema in words.
FORMS = {
    f"^{NAME.pattern}$": "a name of letters, digits, _ . and -",
    r"^[^{}\n]+$": "a path without braces",
    r"^([A-Za-z0-9][A-Za-z0-9_.-]*/)*[A-Za-z0-9][A-Za-z0-9_.-]*\.safetensors$": "the path of a .safetensors file in "
    "the folder, of letters, digits, _ . and -",
    "^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$": "<owner>/<name>",
    "^[a-z]$": "one small letter",
    "^[0-9a-f]{64}$": "a sha256, 64 digits from 0 to f",
    "^[0-9a-f]{40}$": "a commit, 40 digits from 0 to f",
    "^([0-9]{1,4}x[0-9]{1,4}|rounded)$": "rounded, or <width>x<height> of at most four digits each, such as 480x480",
    "^[0-9]{1,4}-[0-9]{1,4}$": "<first>-<last>, such as 0-9",
    "^(auto|cpu|cuda(:[0-9]{1,3})?)$": "auto, cpu, cuda or cuda:<number>",
    "^(latents|x0_pred|block:[0-9]{1,4})$": "latents, x0_pred or block:<number>",
}
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
        return FORMS[kind["pattern"]]
    bounds = [f"{word} {kind[key]}" for key, word in _BOUNDS.items() if key in kind]
    return " ".join([words, " and ".join(bounds)]).strip()
