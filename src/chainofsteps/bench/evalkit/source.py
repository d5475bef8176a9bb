"""The source of an official scorer: fetched once at a pinned commit, and known by one hash of its Python files."""

import http.client
import lzma
import shutil
import tarfile
import urllib.request
import zlib
from io import BytesIO
from pathlib import Path, PurePosixPath

from huggingface_hub.utils import WeakFileLock

from ...errors import InputError
from ...files import atomic_write, fingerprint, not_writable, sha256
from ...store.network import check_way
from .kits import EVALKIT, KITS, PACKAGES

ARCHIVE = "https://github.com/{repo}/archive/{commit}.tar.gz"
WANTED = tuple((name,) for name in PACKAGES)  # folders of an archive


def fetch(commit: str, known: str | None, folder: Path, url: str = ARCHIVE, repo: str = EVALKIT) -> dict[str, str]:
    """Have a kit's Python files at a commit of `repo` in `folder`, downloaded if it is not there; what and where it is.

    known: the `source_hash` that it must have, None for any. InputError if it has another, or cannot be downloaded or
    written.
    """
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with WeakFileLock(folder.with_name(f".{folder.name}.lock")):  # another run may want the same
                if not folder.is_dir():
                    _download(url.format(repo=repo, commit=commit), known, folder)
        except OSError as error:
            raise InputError(not_writable(folder, error)) from error
    return {"folder": str(folder), "repo": repo, "commit": commit, "source": check_source(folder, known)}


def _download(url: str, known: str | None, folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _unpack(_downloaded(url), partial)
    check_source(partial, known)
    partial.rename(folder)


def package_of(folder: Path) -> str:
    """The name of the package with the evaluators. InputError if a folder has none, so that it cannot be asked."""
    found = [name for name in PACKAGES if Path(folder, name, "evaluators", "__init__.py").is_file()]
    if not found:
        wanted = " or ".join(f"{name}/evaluators/__init__.py" for name in PACKAGES)
        raise InputError(f"{folder} has no {wanted}; give evalkit.folder a checkout of {' or '.join(KITS)}")
    return found[0]


def source_hash(folder: Path) -> str:
    """One sha256 of all Python files of the kit, by their paths. An archive's own would change with its compression."""
    files = sorted(Path(folder, package_of(folder)).rglob("*.py"))
    return fingerprint({path.relative_to(folder).as_posix(): sha256(path) for path in files})


def check_source(folder: Path, known: str | None) -> str:
    """The `source_hash` of a kit. InputError if it has another than the known one."""
    found = source_hash(folder)
    if known is not None and found != known:
        raise InputError(
            f"the scorer in {folder} has the source hash {found}, not {known} as evalkit.sha256 says; delete it and "
            "run again, or give the hash of the commit that you mean"
        )
    return found


def _downloaded(url: str) -> bytes:
    check_way()
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()
    except (OSError, http.client.HTTPException) as error:  # of urllib's errors too; the second of one cut off
        raise InputError(
            f"the scorer could not be downloaded from {url} ({error}); run again with a network, or give evalkit.folder"
        ) from error


def _unpack(archive: bytes, folder: Path) -> None:
    """The Python files of the package and the licence, below `folder`: nothing else of an archive is wanted."""
    try:
        with tarfile.open(fileobj=BytesIO(archive)) as members:
            for member in members:
                path = PurePosixPath(*PurePosixPath(member.name).parts[1:])  # below <name>-<commit>
                wanted = path.parts[:1] in WANTED and path.suffix == ".py" or path.stem == "LICENSE"
                if member.isfile() and wanted and ".." not in path.parts:
                    atomic_write(folder / path, members.extractfile(member).read())
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"what came for the scorer is not an archive ({error}); run again without a proxy") from error
