"""config.yaml, read and held against its schema: every mistake is one line that names the key and its place.

The Snakefile calls this at every start, in every job: no torch, pandas or numpy here.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, reduce
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import yaml

from ..bench import vbvr
from ..errors import InputError
from ..model.sizes import VAE_STRIDE
from ..names import PUZZLES
from ..probes.ensemble.spec import parsed
from .models import completed, place
from .tasks import tasks_by_section, tasks_of

SCHEMA = Path(__file__).parents[3] / "workflow" / "schemas" / "config.schema.yaml"


def load_config(*paths: str | Path, **words: Any) -> dict[str, Any]:
    """The configuration of a YAML file, with those behind it laid over it, and then `words` at its top level.

    As Snakemake's --configfile and --config do it: keys below keys, lists as a whole. InputError if a file cannot
    be read, or if `validate` refuses what comes of them.
    """
    layers = [*map(_read, paths), *([words] if words else [])]
    return validate(reduce(_laid_over, layers), ", ".join(Path(path).name for path in paths))


def _read(path: str | Path) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error


def _laid_over(below: Any, above: Any) -> Any:
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}


def validate(config: Any, source: str = "config.yaml") -> dict[str, Any]:
    """`config`, its models completed (entries.py), if it keeps to the schema. InputError otherwise, naming `source`.

    What is checked here needs no model. `ranges` does the rest.
    """
    _check_schema(config, source, complete=False)
    try:
        config = {**config, "models": completed(config["models"], config["models_folder"])}
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    _check_schema(config, source, complete=True)
    config = _settled(config, _validator().schema)
    model, models = config["model"], config["models"]
    if model not in models:
        raise InputError(f"{source}: 'model' is {model!r}, which is not in 'models'{_hint(model, models)}")
    if "missing" in models[model]:
        raise InputError(f"{source}: model {model!r} cannot run yet: {' '.join(models[model]['missing'].split())}")
    for name, entry in models.items():
        if entry.get("group_offload") and entry.get("compile"):
            raise InputError(
                f"{source}: 'models.{name}' has both `group_offload` and `compile`, which do not go together; leave "
                "one of them out"
            )
    if config["trajectory"]["null_seed"] in config["trajectory"]["seeds"]:
        seed = config["trajectory"]["null_seed"]
        raise InputError(
            f"{source}: 'trajectory.null_seed' is {seed}, which is one of 'trajectory.seeds'; take another"
        )
    for window in config["ensemble"]["windows"]:
        try:
            parsed(window, config["ensemble"]["of_layers"])
        except InputError as error:
            raise InputError(f"{source}: {error}") from None
    config["cases"] = cases_completed(config["cases"], config["models_folder"], source)
    if config["cases"]["folder"] is None:
        if config["cases"]["scorer"] != "rule":
            raise InputError(
                f"{source}: 'cases.scorer' is evalkit, but the cases are puzzles made here, which have exact rules; "
                "take `rule`, or cases of VBVR-Bench"
            )
        if config["cases"]["number"] is None:
            raise InputError(
                f"{source}: 'cases.number' is null, but puzzles are made here (cases.folder: null); say how many"
            )
        for section, tasks in tasks_by_section(config).items():
            _check_made_here("swap.task" if section == "swap" else f"{section}.tasks", tasks, source)
    _check_made_here("skill.tasks", tasks_of(config, "skill"), source)
    for count in config["frames"]["counts"]:
        if count % VAE_STRIDE != 1:
            fitting = count // VAE_STRIDE * VAE_STRIDE + 1
            raise InputError(f"{source}: 'frames.counts' has {count}; the VAE needs 4k + 1, such as {fitting}")
    return config


def _check_made_here(key: str, tasks: Iterable[str], source: str) -> None:
    for task in tasks:
        if task not in PUZZLES:
            raise InputError(f"{source}: '{key}' has {task!r}, which is no puzzle made here{_hint(task, PUZZLES)}")


def cases_completed(cases: Mapping[str, Any], models_folder: str, source: str = "config.yaml") -> dict[str, Any]:
    """The section `cases`, its folder that of its download if it has one. InputError, naming `source`, if it has
    a folder of its own too, or a task that VBVR-Bench has not."""
    if cases["source"] is None:
        return dict(cases)
    folder = str(PurePosixPath(models_folder, place(cases["source"])))
    if cases["folder"] not in (None, folder):
        raise InputError(f"{source}: 'cases' has both `folder` and `source`; give the one that its cases come from")
    for task in cases["tasks"]:
        if task not in vbvr.TASKS:
            raise InputError(f"{source}: 'cases.tasks' has {task!r}, which VBVR-Bench has not{_near(task, vbvr.TASKS)}")
    return {**cases, "folder": folder}


def _check_schema(config: Any, source: str, complete: bool) -> None:
    """complete: whether the entries of `models` already have the keys that they take from others."""
    errors = _validator().iter_errors(config)
    if not complete:
        errors = (e for e in errors if not (e.validator == "required" and _is_entry(e.absolute_path)))
    # A mistyped key is both unknown and missing; only the first helps.
    errors = sorted(errors, key=lambda e: e.validator != "additionalProperties")
    if errors:
        raise InputError(f"{source}: {_explain(errors[0])}")


def _settled(value: Any, schema: Mapping) -> Any:
    """A value that keeps to a schema, whole numbers as floats where any number may stand: 5 and 5.0 have one hash."""
    if "$ref" in schema:
        return _settled(value, _validator().schema["$defs"][schema["$ref"].rpartition("/")[2]])
    if "oneOf" in schema:
        return reduce(_settled, schema["oneOf"], value)
    if schema.get("type") == "number" and _is_whole(None, value):
        return float(value)
    if isinstance(value, list):
        return [_settled(one, schema.get("items", {})) for one in value]
    if isinstance(value, Mapping):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        others = others if isinstance(others, Mapping) else {}
        return {key: _settled(one, known.get(key, others)) for key, one in value.items()}
    return value


def _is_entry(path) -> bool:
    return len(path) == 2 and path[0] == "models"


@cache
def _validator() -> jsonschema.Draft202012Validator:
    # JSON Schema takes 20.0 for a whole number, and YAML has .nan and .inf: neither will do here.
    types = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_whole, "number": _is_number})
    strict = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern}, type_checker=types)
    return strict(yaml.safe_load(SCHEMA.read_text()))


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    # Python's $ matches before a last line break too, JSON Schema's at the very end alone
    if isinstance(value, str) and (value.endswith("\n") or not re.search(pattern, value)):
        yield jsonschema.ValidationError(f"{value!r} is not of the form {pattern}")


def _is_whole(_checker: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_checker: Any, value: Any) -> bool:
    return _is_whole(_checker, value) or isinstance(value, float) and math.isfinite(value)


def _explain(error: jsonschema.ValidationError) -> str:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        return f"unknown key {_place([*path, unknown])!r}{_hint(unknown, known, everywhere=True)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        wanted = _describe(error.schema["properties"][missing])
        return f"key {_place([*path, missing])!r} is missing; give {wanted}"
    value = json.dumps(error.instance, default=str, ensure_ascii=False)
    value = value if len(value) <= 60 else value[:57] + "..."
    if "propertyNames" in error.absolute_schema_path:
        return f"{_place(path)!r} has the key {value}, but a name must be {_describe(error.schema)}"
    what = repr(_place(path)) if path else "the file"
    hint = _near(error.instance, error.schema["enum"]) if error.validator == "enum" else ""
    return f"{what} is {value}, but must be {_describe(error.schema)}{hint}"


def _place(path) -> str:
    """noise.steps[1], from ["noise", "steps", 1]."""
    place = ""
    for part in path:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place


def _near(word: Any, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _hint(word: Any, known: Iterable[str], everywhere: bool = False) -> str:
    """What was perhaps meant: the nearest of `known`, else (everywhere) of all keys, else all `known`."""
    hint = _near(word, known)
    if not hint and everywhere:
        places = {place.rpartition(".")[2]: place for place in _known_keys(_validator().schema)}
        near = difflib.get_close_matches(str(word), places, n=1, cutoff=0.8)
        hint = f"; did you mean {places[near[0]]!r}?" if near else ""
    return hint or f"; known are {', '.join(known)}"


def _known_keys(schema: Mapping, place: str = "") -> Iterator[str]:
    for key, below in schema.get("properties", {}).items():
        yield f"{place}{key}"
        yield from _known_keys(below, f"{place}{key}.")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _known_keys(schema["additionalProperties"], f"{place}<name>.")


def _describe(schema: Mapping) -> str:
    """A schema in words, such as "a whole number of at least 1"."""
    if "$ref" in schema:
        return _describe(_validator().schema["$defs"][schema["$ref"].rpartition("/")[2]])
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "oneOf" in schema:
        return " or ".join(_describe(one) for one in schema["oneOf"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_describe_type(kind, schema) for kind in kinds)


_BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "up to",
    "exclusiveMaximum": "below",
}


def _describe_type(kind: str, schema: Mapping) -> str:
    words = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "null": "null",
        "object": "a section of keys",
        "string": "a text",
        "array": "a list",
    }[kind]
    if kind == "array":
        unique = " without repeats" if schema.get("uniqueItems") else ""
        return f"a list{unique}, each {_describe(schema['items'])}"
    if kind == "string":
        return words + (f" of the form {schema['pattern']}" if "pattern" in schema else "")
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return " ".join([words, " and ".join(bounds)]).strip()
