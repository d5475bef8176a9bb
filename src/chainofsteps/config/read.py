"""config.yaml, read and checked against its models: every mistake is one line that names the key and its place.

The Snakefile calls this at every start, in every job: no torch, pandas or numpy here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from ..bench import vbvr
from ..bench.sizes import ROUNDED, sides_of
from ..errors import InputError
from ..model.sizes import EMBEDDED_SIDE, VAE_STRIDE
from ..names import PUZZLES, SIDES
from ..probes.ensemble.spec import parsed
from . import text
from .configuration import Configuration
from .explain import explained, hint, near
from .models import completed, place
from .protocol import in_force
from .tasks import tasks_by_section, tasks_of
from .words import resolved

LARGEST = 4096
PIXELS = 16  # what the sides of a video are multiples of, for every family here


def load_config(*paths: str | Path, **words: Any) -> dict[str, Any]:
    """The configuration of a YAML file, with those behind it laid over it, and then `words` at its top level.

    As Snakemake's --configfile and --config do it: keys below keys, lists as a whole. InputError if a file cannot
    be read, or if `validate` refuses what comes of them.
    """
    layers = [*map(text.read, paths), *([words] if words else [])]
    return validate(reduce(_laid_over, layers), ", ".join(Path(path).name for path in paths))


def _laid_over(below: Any, above: Any) -> Any:
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}


def validate(config: Any, source: str = "config.yaml") -> dict[str, Any]:
    """The settled configuration: defaults filled in, models completed (models.py), words for steps as whole numbers.

    A settled configuration settles to itself. What is checked here needs no model; `ranges` does the rest. InputError,
    naming `source`, for the first mistake.
    """
    try:
        config = _settled(config)
        _check_model(config)
        config = in_force(config)
        _check_windows(config)
        _check_cases(config)
        return resolved(config)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def _settled(config: Any) -> dict[str, Any]:
    _checked(config, complete=False)
    folder = config.get("models_folder", Configuration.model_fields["models_folder"].default)
    heirs = [name for name, entry in config["models"].items() if "like" in entry]
    return _checked({**config, "models": completed(config["models"], folder)}, complete=True, heirs=heirs)


def _checked(config: Any, complete: bool, heirs: Collection[str] = ()) -> dict[str, Any] | None:
    """complete: the entries of `models` have the keys that they take from others. heirs: those that take some, of
    which a key is not said to be missing where it is the other that lacks it."""
    try:
        return Configuration.model_validate(config).model_dump()
    except ValidationError as refused:
        errors = [
            error
            for error in refused.errors(include_url=False, include_context=False)
            if complete or error["type"] != "missing" or len(error["loc"]) != 3 or error["loc"][0] != "models"
        ]
    if errors:
        raise InputError(explained(config, sorted(errors, key=lambda error: {*error["loc"][1:2]} <= {*heirs})))
    return None


def _check_model(config: Mapping[str, Any]) -> None:
    model, models, runs = config["model"], config["models"], config["trajectory"]
    if model not in models:
        raise InputError(f"'model' is {model!r}, which is not in 'models'{hint(model, models)}")
    if "missing" in models[model]:
        raise InputError(f"model {model!r} cannot run yet: {' '.join(models[model]['missing'].split())}")
    for name, entry in models.items():
        if entry.get("group_offload") and entry.get("compile"):
            raise InputError(
                f"'models.{name}' has both `group_offload` and `compile`, which do not go together; leave one of "
                "them out"
            )
    distilled = config["few_steps"]["distilled"]
    if distilled is not None and distilled not in models:
        raise InputError(f"'few_steps.distilled' is {distilled!r}, which is not in 'models'{hint(distilled, models)}")
    if runs["null_seed"] in runs["seeds"]:
        raise InputError(
            f"'trajectory.null_seed' is {runs['null_seed']}, which is one of 'trajectory.seeds'; take another"
        )


def _check_windows(config: Mapping[str, Any]) -> None:
    for window in config["ensemble"]["windows"]:
        parsed(window, config["ensemble"]["of_layers"])
    for count in config["frames"]["counts"]:
        if count % VAE_STRIDE != 1:
            fitting = count // VAE_STRIDE * VAE_STRIDE + 1
            raise InputError(f"'frames.counts' has {count}; the VAE needs 4k + 1, such as {fitting}")


def _check_cases(config: dict[str, Any]) -> None:
    cases = config["cases"] = cases_completed(config["cases"], config["models_folder"])
    if cases["frames"] is not None and cases["frames"] % VAE_STRIDE != 1:
        fitting = cases["frames"] // VAE_STRIDE * VAE_STRIDE + 1
        raise InputError(f"'cases.frames' is {cases['frames']}; the VAE needs 4k + 1, such as {fitting}")
    if cases["size"] not in (None, ROUNDED):
        for side in sides_of(cases["size"]):
            if side > LARGEST:
                raise InputError(
                    f"'cases.size' is {cases['size']}; no side may be over {LARGEST} pixels; take a smaller size"
                )
            if side % PIXELS or not side:
                fitting = max(1, round(side / PIXELS)) * PIXELS
                raise InputError(f"'cases.size' is {cases['size']}; take multiples of {PIXELS}, such as {fitting}")
    if cases["folder"] is None:
        if cases["size"] == ROUNDED:
            raise InputError(
                "'cases.size' is rounded, but puzzles are made here (cases.folder: null); give it in pixels"
            )
        if cases["scorer"] != "rule":
            raise InputError(
                "'cases.scorer' is evalkit, but the cases are puzzles made here, which have exact rules; take `rule`, "
                "or cases of VBVR-Bench"
            )
        if cases["number"] is None:
            raise InputError("'cases.number' is null, but puzzles are made here (cases.folder: null); say how many")
        for section, tasks in tasks_by_section(config).items():
            key = "swap.task" if section == "swap" else f"{section}.tasks"
            _check_made_here(key, tasks)
            _check_drawn(cases, key, tasks)
    _check_made_here("skill.tasks", tasks_of(config, "skill"))


def _check_drawn(cases: Mapping[str, Any], key: str, tasks: Iterable[str]) -> None:
    """InputError for a size that a puzzle has no room in."""
    for side in sides_of(cases["size"]) if cases["size"] else ():
        for task in tasks:
            board = SIDES.get(task, EMBEDDED_SIDE)
            if side < board:
                raise InputError(
                    f"'cases.size' is {cases['size']}, but the board of {task}, which '{key}' has, is {board}x{board}; "
                    "take a larger size"
                )


def _check_made_here(key: str, tasks: Iterable[str]) -> None:
    for task in tasks:
        if task not in PUZZLES:
            raise InputError(f"'{key}' has {task!r}, which is no puzzle made here{hint(task, PUZZLES)}")


def cases_completed(cases: Mapping[str, Any], models_folder: str) -> dict[str, Any]:
    """The section `cases`, its folder that of its download if it has one. InputError if it has a folder of its own too,
    or a task that VBVR-Bench has not."""
    if cases["source"] is None:
        return dict(cases)
    folder = str(PurePosixPath(models_folder, place(cases["source"])))
    if cases["folder"] not in (None, folder):
        raise InputError("'cases' has both `folder` and `source`; give the one that its cases come from")
    for task in cases["tasks"]:
        if task not in vbvr.TASKS:
            raise InputError(f"'cases.tasks' has {task!r}, which VBVR-Bench has not{near(task, vbvr.TASKS)}")
    return {**cases, "folder": folder}
