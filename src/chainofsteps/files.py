"""Files that are whole or absent: written under a temporary name, moved into place, read without mmap.

torch takes seconds to import, so it is imported with the first tensor and not for tables and figures, which have none.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import logging
import os
import socket
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    import torch

LOG = logging.getLogger(__name__)
SEAL = "sha256"  # in a tensor file's metadata: the sha256 of the whole file with UNSEALED in its place
UNSEALED = b"0" * 64


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


@cache
def claim(path: str | Path) -> int:
    """Make this process the only one that works on what `path` stands for, until it ends, however it ends.

    Waits for a process that has it already, and says so: its driver may be gone, or somebody may have unlocked a
    folder too early. path: an empty file of its own, made if missing; its descriptor is returned, and never closed.
    Where the filesystem knows no locks, that is logged. Raises InputError if the file cannot be written.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(not_writable(Path(path), error)) from error
    try:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            holder = os.pread(file, 200, 0).decode(errors="replace")
            LOG.warning("waiting for %s, which is at work on %s; end it if nobody wants it any more", holder, path)
            fcntl.lockf(file, fcntl.LOCK_EX)
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
    except OSError as error:
        LOG.warning("%s cannot be locked (%s): take care that no two jobs work on it", path, error.strerror)
    return file


def read_bytes(path: str | Path) -> bytes:
    """The whole file by plain reads: mmap on a shared filesystem stalls and hides truncation."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}; delete what lists it and run again to make it"
        ) from error


def files_below(folder: str | Path) -> list[Path]:
    """Every file below a folder but the hidden ones, in order, through links to files and to folders.

    Raises InputError for a link to a folder that it lies in, which has no end, and for one that leads nowhere.
    """
    found = []
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            path = Path(place, name)
            if path.is_symlink() and any(path.resolve() == above.resolve() for above in path.parents):
                raise InputError(f"{path} is a link to a folder that it lies in; delete it")
        for path in (Path(place, name) for name in sorted(names) if not name.startswith(".")):
            if not path.exists():
                raise InputError(f"{path} is a link to {os.readlink(path)}, which is not there; copy the file")
            found.append(path)
    return sorted(found)


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
    """Write tensors (any device) and metadata (values become strings) as safetensors, whole or not at all.

    The file holds its own sha256, by which `load_tensors` knows it again.
    """
    import safetensors.torch

    on_host = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    content = safetensors.torch.save(on_host, {**text, SEAL: UNSEALED.decode()})
    start, seal = _seal(content)
    atomic_write(path, content[:start] + seal + content[start + len(seal) :])


def load_tensors(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read (tensors on the CPU, metadata). Raises InputError if the file is missing, truncated or damaged.

    A file of an older version, which does not hold its own sha256, is only seen to be whole.
    """
    content = read_bytes(path)
    parsed, (start, seal) = parse_tensors(content, path), _seal(content)
    if start and content[start : start + len(seal)] != seal:
        raise InputError(f"{path} is damaged: it is not what was written (sha256); delete it and run again to make it")
    return parsed


def parse_tensors(content: bytes, path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of the bytes of a safetensors file; `path` only names it in errors."""
    import safetensors.torch

    try:
        tensors = safetensors.torch.load(content)
        header_size = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + header_size]).get("__metadata__", {})
        metadata.pop(SEAL, None)
    except (safetensors.SafetensorError, ValueError) as error:
        raise InputError(
            f"{path} is not a whole safetensors file ({error}); delete it and run again to make it"
        ) from error
    # Copies start on an aligned address: on the CPU the last bit of a product depends on it, and a run from
    # a file must be the run from memory.
    return {name: tensor.clone() for name, tensor in tensors.items()}, metadata


def _seal(content: bytes) -> tuple[int, bytes]:
    """Where the bytes of a tensor file say its own sha256 (0: nowhere), and what that must be."""
    name = f'"{SEAL}":"'.encode()
    found = content.find(name, 8, 8 + int.from_bytes(content[:8], "little"))
    if found < 0:
        return 0, b""
    start, whole = found + len(name), memoryview(content)
    digest = hashlib.sha256(whole[:start])
    digest.update(UNSEALED)
    digest.update(whole[start + len(UNSEALED) :])
    return start, digest.hexdigest().encode()
