"""Files that are whole or absent: written under a temporary name, moved into place, read without mmap."""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from .errors import InputError


def atomic_write(path: str | Path, content: bytes | Callable[[Path], None]) -> None:
    """Write `content` to `path`, creating its folder: afterwards the file is whole, or as it was before.

    content: the bytes, or a function that writes a file at the (temporary) path it is given.
    Raises InputError if the place cannot be written or the disk is full.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if callable(content):
                content(partial)
            else:
                partial.write_bytes(content)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(not_writable(path, error)) from error


def not_writable(path: Path, error: OSError) -> str:
    """One line for a write that failed: the path, the system's reason and the mend."""
    mend = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "choose a writable folder"
    return f"cannot write {path}: {error.strerror or error}; {mend} and run again"


def read_bytes(path: str | Path) -> bytes:
    """The whole file by plain reads: mmap on a shared filesystem stalls and hides truncation."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}; delete what lists it and run again to make it"
        ) from error


def sha256(path: str | Path) -> str:
    """Hex sha256 of a file. Raises InputError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; restore it or make it again") from error


def fingerprint(settings: Any) -> str:
    """Hex sha256 of JSON-able settings, the same for any order of keys."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def write_json(path: str | Path, content: Any) -> None:
    """Write indented JSON, whole or not at all."""
    atomic_write(path, (json.dumps(content, indent=2) + "\n").encode())


def read_json(path: str | Path) -> Any:
    """Read JSON. Raises InputError if the file is missing or is not JSON."""
    try:
        return json.loads(read_bytes(path))
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}); delete it and run again to make it") from error


def save_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors (any device) and metadata (values become strings) as safetensors, whole or not at all."""
    on_host = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    atomic_write(path, safetensors.torch.save(on_host, text))


def load_tensors(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read (tensors on the CPU, metadata). Raises InputError if the file is missing or truncated."""
    return parse_tensors(read_bytes(path), path)


def parse_tensors(content: bytes, path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of the bytes of a safetensors file; `path` only names it in errors."""
    try:
        tensors = safetensors.torch.load(content)
        header_size = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + header_size]).get("__metadata__", {})
    except (SafetensorError, ValueError) as error:
        raise InputError(
            f"{path} is not a whole safetensors file ({error}); delete it and run again to make it"
        ) from error
    # Copies start on an aligned address: on the CPU the last bit of a product depends on it, and a run from
    # a file must be the run from memory.
    return {name: tensor.clone() for name, tensor in tensors.items()}, metadata
