"""What every output says of its making: versions, commit, GPU, attention backend, and what a figure was drawn from.

torch and diffusers take seconds to import, so they are imported where a model has run and nowhere else.
"""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import InputError
from ..files import fingerprint, read_bytes, read_json, sha256
from ..model.sampling import Sampling


@cache
def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that move numbers."""
    libraries = {name: version(name) for name in ("torch", "diffusers", "transformers", "numpy")}
    return {"python": platform.python_version(), "chainofsteps": __version__, **libraries}


@cache
def commit() -> str:
    """The commit of the working tree this package is run from ("-dirty" if changed), or "unknown"."""
    described = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    # unknown: an installed copy, or no git on the machine
    return _said_by("git", "-C", str(Path(__file__).parent), *described) or "unknown"


def gpu() -> dict[str, str | None] | None:
    """Name, driver and CUDA version of the GPU that this process has worked on; None if it has used none."""
    import torch

    if not torch.cuda.is_initialized():
        return None
    used = [index for index in range(torch.cuda.device_count()) if torch.cuda.max_memory_allocated(index)]
    if not used:
        return None
    return {"name": torch.cuda.get_device_name(used[0]), "driver": _driver(), "cuda": torch.version.cuda}


@cache
def _driver() -> str:
    """The version of NVIDIA's driver, which is the same for all GPUs of a machine, or "unknown"."""
    said = _said_by("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return said.partition("\n")[0].strip() or "unknown"


def _said_by(*command: str) -> str:
    """What a program printed; nothing if it is not there or failed."""
    try:
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def made_with(sampling: Sampling) -> dict[str, Any]:
    """JSON-able, for the metadata and manifest of every output of a model: the settings in force."""
    return {"sampling": sampling.in_force(), "attention_backend": attention_backend()}


def attention_backend() -> str:
    """The attention kernel diffusers dispatches to.

    A job without a network asks the environment, as diffusers does: to import diffusers for it takes seconds.
    """
    dispatch = sys.modules.get("diffusers.models.attention_dispatch")
    if dispatch is None:
        return os.environ.get("DIFFUSERS_ATTN_BACKEND", "native")
    return dispatch._AttentionBackendRegistry.get_active_backend()[0].value


def identity(manifest: str | Path, settings: Any, drawn_from: Iterable[str | Path]) -> str:
    """What a figure is of, as JSON for its metadata: the model, the settings, its data, and the code that drew it.

    manifest: the path of the checkpoint's, which has the model's name. settings (JSON-able): all that the figure
    depends on, told by their sha256. drawn_from: paths of tables, told with their sha256. Raises InputError if a
    file cannot be read.
    """
    told = {
        "model": Path(manifest).stem,
        "model_identity": read_json(manifest)["identity"],
        "config": fingerprint(settings),
        "drawn_from": {str(path): sha256(path) for path in drawn_from},
        "commit": commit(),
        "versions": {**versions(), "matplotlib": version("matplotlib")},
    }
    return json.dumps(told, sort_keys=True)


def identity_in(pdf: str | Path) -> dict[str, Any]:
    """What `identity` said of a figure, read back from its PDF. Raises InputError if it does not say it."""
    found = re.search(rb"/Keywords \((\{[^()\\]*\})\)", read_bytes(pdf))
    try:
        return json.loads(found[1])
    except (TypeError, ValueError) as error:
        raise InputError(f"{pdf} does not say what it was drawn from; delete it and run again to draw it") from error
