"""The text of a configuration file, read: a mistake of writing is one line with the file, the line and the mend.

The Snakefile calls this at every start, in every job: no torch, pandas or numpy here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError
from . import schema

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MERGE = "tag:yaml.org,2002:merge"  # of the key <<, of which there may be several
TEXT = "tag:yaml.org,2002:str"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
VALUES = 1_000_000  # at most, once its aliases are written out: a few lines of them can stand for billions


def read(path: str | Path) -> dict[str, Any]:
    """The keys of a YAML or JSON file. InputError, with the line, if it cannot be read or is not written rightly."""
    source = Path(path).name
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; check the name") from error
    text = _decoded(content, source)
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    if read is None or not isinstance(read, dict):
        read = _yaml(text, source)
    else:
        check_keys(text.replace("\t", " "), source)
    if isinstance(read, dict):
        return read
    what = "is empty" if read is None else f"holds {_SORTS.get(type(read), 'one value')} at its top level, not keys"
    raise InputError(f"{source} {what}; write keys such as `model: embedded`, or leave the file out")


_SORTS = {list: "a list", str: "a text"}


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{source}, line {line}: the byte {content[error.start]:#04x} is not UTF-8; save the file in that encoding"
        ) from error


def _yaml(text: str, source: str) -> Any:
    try:
        try:
            check_keys(text, source)
            return _loader(text)(text).get_single_data()
        except yaml.YAMLError as error:
            line, words = _explained(_in_full(error, text), text)
            raise InputError(f"{source}, line {line}: {words}") from error
        except (ValueError, OverflowError) as error:  # such as a date in month 13, of which YAML tells no line
            raise InputError(f"{source}, {_unreadable(text)} cannot be read ({error}); put it in quotes") from error
    except RecursionError as error:
        raise InputError(f"{source}: its lists lie in one another too deeply; write it flatter") from error


# Of the parser's own words the mend; {name} is what they name in quotes.
_MENDS = {
    r"character '\\t'|found a tab": "a tab; indent with spaces",
    "could not find expected ':'": "a key without its colon, in this line or the one above; write `key: value`",
    "mapping values are not allowed": "a colon that is one too many, or lacks in the line above; write one "
    "`key: value` a line, and put a text with a colon in quotes",
    "expected a single document|expected '<document start>'": "a second document begins, or a line that belongs to "
    "no key; one file is one document, so delete `---` or indent the line",
    "undefined alias": "the alias {name} stands for nothing; give it an anchor, &, above, or write the value out",
    "duplicate anchor": "the anchor {name} was given above; give each its own name",
    "special characters are not allowed|control characters": "a control character; delete it",
    "expected ',' or ": "a list or section is not closed; give each [ its ] and each { its }, and commas between",
    "expected the node content": "a value is missing, or a bracket is not closed; give each [ its ] and each { its }",
    "unexpected end of stream|found unexpected": "a quote is not closed; give each its second",
    "could not determine a constructor": "the tag {name} is not known; put the text in quotes",
    "unhashable key": "a key that is a list or a section; write a text",
    "expected <block end>": "the indentation fits no line above; begin the keys of a section in one column",
    "scanning a directive": "a line that begins with %; put the text in quotes",
    "scanning an a": "an & or * without a name; put the text in quotes",
    "cannot start any token": "a character that no value begins with; put the text in quotes",
}


def _in_full(error: yaml.YAMLError, text: str) -> yaml.YAMLError:
    """The words of YAML's parser in Python, which names the character or alias that the fast one does not."""
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as said:
        return said
    return error


def _explained(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line of a mistake, and what is wrong there with its mend."""
    if isinstance(error, yaml.reader.ReaderError):
        said, line = "special characters are not allowed", _line_of_control(text)
    else:
        said = f"{error.context or ''} {error.problem or ''}".replace("tag:yaml.org,2002:", "!!")
        mark = error.problem_mark or error.context_mark
        line = min(mark.line + 1, text.rstrip().count("\n") + 1) if mark else 1
    if re.search("expected ':'|mapping values|expected <block end>", said) and (lost := _lost_colon(text, line)):
        return lost
    named = re.search(r"(?:alias|tag|anchor) '?([^\s']+)|anchor '?([^\s;']+)", said)
    for words, mend in _MENDS.items():
        if re.search(words, said):
            return line, mend.replace("{name}", next(filter(None, named.groups())) if named else "here")
    return line, f"not YAML ({' '.join(said.split())}); compare with config.yaml"


def _lost_colon(text: str, line: int) -> tuple[int, str] | None:
    """The line at or just above a given one that holds a key without its colon, and what to write."""
    lines = [content.partition("#")[0] for content in text.splitlines()]
    for number in [here for here in range(line, 0, -1) if lines[here - 1].strip()][:2]:
        key = re.fullmatch(r"\s*([A-Za-z_]\w*)(\s+[^:]*)?", lines[number - 1])
        if key and key[1] in _keys():
            return number, f"no colon after {key[1]}; write `{key[1]}:{(key[2] or ' ...').rstrip() or ' ...'}`"
    return None


@cache
def _keys() -> set[str]:
    return {place.rpartition(".")[2] for place, _ in schema.keys(schema.schema())}


def _line_of_control(text: str) -> int:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, found.start() if found else 0) + 1


def _unreadable(text: str) -> str:
    """The first value that YAML takes for a date or a number, and cannot read."""
    for node in _nodes(yaml.compose(text, Loader=LOADER), set()):
        if isinstance(node, yaml.ScalarNode):
            try:
                yaml.SafeLoader("").construct_object(node)
            except (ValueError, OverflowError):
                return f"line {node.start_mark.line + 1}: {node.value[:40]}"
    return "a value"  # of a tag such as !!int


def _loader(text: str) -> type:
    """The fast one, unless a tab is there, which it lets through where Snakemake does not."""
    return yaml.SafeLoader if "\t" in text else LOADER


def check_keys(text: str, source: str) -> None:
    """InputError for a key that stands twice in one section, of which YAML takes the last, or is no text; for a number
    that YAML reads as another, such as 010 as 8; for an alias that holds itself, or aliases that stand for more than
    VALUES values.

    It names `source` and the lines. Raises yaml.YAMLError if the text is not YAML.
    """
    top = yaml.compose(text, Loader=_loader(text))
    for node in _nodes(top, set()):
        if isinstance(node, yaml.MappingNode):
            _check_keys_of(node, source)
    if top is not None:
        _size(top, {}, source)  # it has an end
    for node in _nodes(top, set()):
        if isinstance(node, yaml.MappingNode):
            _check_numbers_of(node, source)


def _nodes(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.Node]:
    """A node and all below it, an aliased one once."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    yield node
    for below in _below(node):
        yield from _nodes(below, seen)


def _below(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _check_keys_of(node: yaml.MappingNode, source: str) -> None:
    keys = [key for key, _ in node.value if key.tag != MERGE]
    for key in keys:
        if key.tag != TEXT and isinstance(key, yaml.ScalarNode):
            words = f"the key {key.value or 'is empty, which'} is no text; put it in quotes"
            raise InputError(f"{source}, line {key.start_mark.line + 1}: {words}")
    ordered = sorted((key for key in keys if isinstance(key, yaml.ScalarNode)), key=lambda key: key.value)
    for before, key in pairwise(ordered):
        if before.value == key.value:
            here, there = (one.start_mark.line + 1 for one in (key, before))
            raise InputError(f"{source}, line {here}: {key.value} stands in line {there} too; keep one of them")


def _check_numbers_of(node: yaml.MappingNode, source: str) -> None:
    """010 is 8 to YAML, 1:30 is 90, and a name 00001 loses its zeros."""
    for key, value in node.value:
        for item in _items(value):
            if item.tag in NUMBERS and re.fullmatch(r"[-+]?0[0-9_]+|.*:.*", item.value):
                raise InputError(
                    f"{source}, line {item.start_mark.line + 1}: {key.value} is {item.value}, which YAML reads as "
                    f"the number {yaml.SafeLoader('').construct_object(item)}; put a name in quotes, or write a number "
                    "as it is meant"
                )


def _items(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """A value, or those of a list and of the lists in it."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _items(item)


def _size(node: yaml.Node, sizes: dict[int, int], source: str) -> int:
    """The values that a node stands for, its aliases written out."""
    where = f"{source}, line {node.start_mark.line + 1}:"
    if sizes.get(id(node)) == 0:
        raise InputError(f"{where} the alias of what begins here holds itself; write the value out")
    if id(node) not in sizes:
        sizes[id(node)] = 0  # on the way
        sizes[id(node)] = 1 + sum(_size(below, sizes, source) for below in _below(node))
    if sizes[id(node)] > VALUES:
        raise InputError(f"{where} its aliases stand for over {VALUES:,} values; write fewer")
    return sizes[id(node)]
