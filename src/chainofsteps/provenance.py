"""What every output says of its making: versions, commit, attention backend."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from diffusers.models.attention_dispatch import _AttentionBackendRegistry

from . import __version__
from .settings import Sampling


@cache
def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that move numbers."""
    libraries = {name: version(name) for name in ("torch", "diffusers", "transformers", "numpy")}
    return {"python": platform.python_version(), "chainofsteps": __version__, **libraries}


@cache
def commit() -> str:
    """The commit of the working tree this package is run from ("-dirty" if changed), or "unknown"."""
    git = [
        "git",
        "-C",
        str(Path(__file__).parent),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        return subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"  # an installed copy, or no git on the machine


def made_with(sampling: Sampling) -> dict[str, Any]:
    """JSON-able, for the metadata and manifest of every output of a model: the settings in force."""
    return {"sampling": sampling.in_force(), "attention_backend": attention_backend()}


def attention_backend() -> str:
    """The attention kernel diffusers dispatches to."""
    return _AttentionBackendRegistry.get_active_backend()[0].value
