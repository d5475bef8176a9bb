"""Weights from a model hub: a pinned revision, resumed where it was cut off, accepted whole or not at all.

Files come into `<folder>.partial` and are held, one by one, against the hash that the hub states; when the last one is
right the folder gets its name. So a folder that is there under its name is whole.
"""

import hashlib
import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

from huggingface_hub.utils import WeakFileLock

from ..errors import InputError
from ..files import not_writable, read_json, sha256, write_json
from ..model.checkpoint import INDEX, read_index
from .hub import ENDPOINT, Wanted, explained, grow, listed
from .network import check_way
from .progress import Progress, progress

CHECKPOINT_FILES = [INDEX, "*/*.json", "*/*.safetensors", "*/*.model", "*/*.txt"]  # of a diffusers checkpoint
RECORD = ".download.json"  # in the folder: where it came from, and the hash of each file
PARALLEL = 4  # files at a time
SMALL = 50_000_000  # bytes; files up to this come first, and tell whether the large ones are wanted


def fetch(source: Mapping[str, Any], folder: str | Path, endpoint: str = ENDPOINT) -> dict[str, Any]:
    """Have a source's files in `folder`, downloading them if it is not there; what it holds, JSON-able.

    source: of the schema's form. endpoint: the hub. The answer, which is also kept in the folder, says repo,
    revision, the commit that it was, and every file's bytes and sha256 by our own reading. A folder without such a
    record was put there by hand: its files are hashed, and no hub is asked. InputError if the download cannot be, or
    if a file is not what the hub, the record or the source says.
    """
    folder = Path(folder)
    if not folder.is_dir():
        check_way()
        partial = folder.with_name(f"{folder.name}.partial")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with WeakFileLock(folder.with_name(f".{folder.name}.lock")):  # another run may want the same
                if not folder.is_dir():
                    with explained(source, folder, endpoint):
                        _download(source, partial, endpoint)
                    partial.rename(folder)
        except OSError as error:
            raise InputError(not_writable(folder, error)) from error
    return _accepted(source, folder)


def check_read(record: Mapping[str, Any], read: Mapping[str, str]) -> None:
    """InputError if a file that was read since, `read` (sha256 by path), is not as it was when `fetch` accepted it."""
    for path, entry in record["files"].items():
        place = Path(record["folder"], path)
        if read.get(str(place), entry["sha256"]) != entry["sha256"]:
            raise InputError(
                f"{place} was changed since it was downloaded; delete {record['folder']} and the manifest of its "
                "download in results/download, and run again"
            )


def _accepted(source: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What a folder holds. InputError if its files are not those of its record, or not those of the source."""
    record = read_json(folder / RECORD) if (folder / RECORD).is_file() else _read_by_hand(source, folder)
    if record.get("patterns", _patterns(source)) != _patterns(source):
        raise InputError(f"{folder} was downloaded with other `files` of its source; delete it and run again")
    for path, entry in record["files"].items():
        size = (folder / path).stat().st_size if (folder / path).is_file() else None
        if size != entry["bytes"]:
            raise InputError(
                f"{folder / path} {'is missing' if size is None else f'has {size} bytes'}, but was downloaded with "
                f"{entry['bytes']} bytes; delete {folder} and run again"
            )
    for path, known in source.get("sha256", {}).items():
        found = record["files"].get(path, {}).get("sha256")
        if found != known:
            raise InputError(f"{folder / path} has sha256 {found}, not {known} as config.yaml says; check both")
    return {**record, "folder": str(folder)}


def _read_by_hand(source: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    shown = [name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts)]
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name), "hub": None} for name in shown
    }
    return {"repo": source["repo"], "revision": source["revision"], "commit": None, "files": files}


def _patterns(source: Mapping[str, Any]) -> list[str]:
    return source.get("files", CHECKPOINT_FILES)


def _download(source: Mapping[str, Any], partial: Path, endpoint: str) -> None:
    """All files of a source into `partial`, each verified, and the record of them."""
    repo = source["repo"]
    commit, wanted = listed(source, _patterns(source), endpoint)
    size = sum(file.bytes for file in wanted) / 1e9
    about = (repo, commit, len(wanted), size, source.get("licence"))
    logging.getLogger(__name__).info("%s at %s: %d files, %.1f GB, licence %s", *about)
    partial.mkdir(parents=True, exist_ok=True)
    whole = {partial / file.path for file in wanted}
    _without_others(partial, whole | {_begun(partial, file) for file in wanted})
    left = sum(file.bytes - _held(partial, file) for file in wanted)
    _check_space(partial, left)
    held: dict[str, str] = {}
    with progress(f"download {repo}", round(left / 1e6, 1), "MB") as line:
        for large in (False, True):
            files = [file for file in wanted if (file.bytes > SMALL) == large]
            held |= _each(files, lambda file, count: _have(file, repo, commit, partial, endpoint, count), line)
            if INDEX in held:
                read_index(partial)  # before the large files: a model that cannot be used is not waited for
    _without_others(partial, whole)
    record = {
        "repo": repo,
        "revision": source["revision"],
        "commit": commit,
        "licence": source.get("licence"),
        "endpoint": endpoint,
        "patterns": _patterns(source),
        "files": {file.path: {"bytes": file.bytes, "sha256": held[file.path], "hub": file.hub} for file in wanted},
    }
    write_json(partial / RECORD, record)


def _without_others(partial: Path, kept: Set[Path]) -> None:
    """Delete all but some files: what another commit or other patterns left would be loaded as if it belonged here."""
    for path in sorted(partial.rglob("*"), reverse=True):  # what is in a folder before the folder
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):  # it is not empty
                path.rmdir()
        elif path not in kept:
            path.unlink()


def _check_space(partial: Path, left: int) -> None:
    free = shutil.disk_usage(partial).free
    if left > free:
        raise InputError(
            f"{partial.parent} has {free / 1e9:.1f} GB free, and {left / 1e9:.1f} GB are still to come; free some "
            "space, or set models_folder to a larger disk"
        )


def _each(
    files: Sequence[Wanted], one: Callable[[Wanted, Callable[[int], None]], str], line: Progress
) -> dict[str, str]:
    """What `one` says of each file, by path; several at a time. The first that fails stops the others."""
    stop, lock = threading.Event(), threading.Lock()

    def count(received: int) -> None:
        if stop.is_set():
            raise InterruptedError
        with lock:
            line.update(received / 1e6)

    with ThreadPoolExecutor(PARALLEL) as pool:
        futures = {pool.submit(one, file, count): file.path for file in files}
        try:
            return {futures[future]: future.result() for future in as_completed(futures)}
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _have(file: Wanted, repo: str, commit: str, partial: Path, endpoint: str, count: Callable[[int], None]) -> str:
    """The sha256 of one file, which is at its place when this returns. What an earlier run left is gone on with."""
    path, begun = partial / file.path, _begun(partial, file)
    if path.is_file():
        with suppress(InputError):  # of another commit, if it is wrong: then it is gone now, and comes anew
            return _verified(path, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    grow(begun, file, repo, commit, endpoint, count)
    digest = _verified(begun, file)
    begun.rename(path)
    return digest


def _verified(path: Path, file: Wanted) -> str:
    """The sha256 of a file. InputError, and it is deleted, if it is not what the hub or config.yaml says."""
    digest = sha256(path)
    for stated in filter(None, (file.hub, file.known)):
        if stated != (digest if len(stated) == len(digest) else _git_hash(path)):
            path.unlink()
            raise InputError(
                f"{file.path} came with sha256 {digest}, but the hub or config.yaml says {stated}; it was deleted, so "
                "run again, and if that does not help try without HF_ENDPOINT or a proxy"
            )
    return digest


def _git_hash(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _begun(partial: Path, file: Wanted) -> Path:
    """Where a file grows: named by its hash, so that no other version of it is gone on with."""
    path = partial / file.path
    return path.with_name(f".{path.name}.{(file.hub or file.known or str(file.bytes))[:16]}.incomplete")


def _held(partial: Path, file: Wanted) -> int:
    """Bytes of a file that an earlier run left."""
    for path in (partial / file.path, _begun(partial, file)):
        if path.is_file():
            return path.stat().st_size
    return 0
