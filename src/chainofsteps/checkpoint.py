"""What the small files of a checkpoint folder say of it, read before anything is loaded: no torch here."""

import json
from pathlib import Path
from typing import Any

from .errors import InputError

PIPELINE = "WanImageToVideoPipeline"
INDEX = "model_index.json"
SUBFOLDERS = {"high": "transformer", "low": "transformer_2"}


def read_index(folder: str | Path) -> dict[str, Any]:
    """model_index.json of a Wan image-to-video checkpoint. Raises InputError if the folder is not one."""
    path = Path(folder, INDEX)
    if not path.is_file():
        raise InputError(f"{folder} is not a diffusers checkpoint: it has no {INDEX}; check the folder")
    index = _read(path)
    if index.get("_class_name") != PIPELINE:
        raise InputError(
            f"{folder} holds a {index.get('_class_name')}; give a Wan image-to-video checkpoint ({PIPELINE})"
        )
    if index.get("expand_timesteps"):
        raise InputError(f"{folder} expands timesteps (as TI2V 5B), which is not supported; give an I2V one")
    if index.get("transformer", [None, None])[1] is None:
        raise InputError(f"{folder} has no transformer in its {INDEX}; copy the whole checkpoint")
    return index


def experts_of(folder: str | Path) -> list[str]:
    """["high"] or ["high", "low"]: the experts that model_index.json of a checkpoint names."""
    index = read_index(folder)
    return [name for name, part in SUBFOLDERS.items() if index.get(part, [None, None])[1] is not None]


def check_boundary(folder: str | Path, boundary: float | None) -> None:
    """Raises InputError if the checkpoint's experts and the boundary do not fit together."""
    number = len(experts_of(folder))
    if number == 1 and boundary is not None:
        raise InputError(f"{folder} has one expert: set boundary to null")
    if number == 2 and boundary is None:
        given = read_index(folder).get("boundary_ratio")
        raise InputError(f"{folder} has two experts: set boundary (its {INDEX} says {given})")


def layers_of(folder: str | Path) -> int:
    """Layers of the transformer. Raises InputError if its config.json is missing or is not one of Wan's."""
    path = Path(folder, "transformer", "config.json")
    layers = _read(path).get("num_layers")
    if not isinstance(layers, int):
        raise InputError(f"{path} is not the configuration of a Wan transformer; copy the whole checkpoint")
    return layers


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; give a diffusers checkpoint") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}); copy the whole checkpoint") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a section of keys; copy the whole checkpoint")
    return content
