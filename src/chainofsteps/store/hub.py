"""A hub of models and datasets, asked for one repository: which files it has, and the bytes of one.

The only file that knows its client.
Token (HF_TOKEN, or the one that `hf auth login` keeps), mirror (HF_ENDPOINT) and offline mode (HF_HUB_OFFLINE) are
huggingface_hub's own. Its hf_hub_download is not used, since it begins a file anew when its process was killed.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, filter_repo_objects

from ..errors import InputError
from .network import TOKENS, proxy_to

ENDPOINT = constants.ENDPOINT


@dataclass(frozen=True)
class Wanted:
    """One file: what the hub says its hash is (sha256 of a large one, that of a git blob of a small one), and the
    sha256 that config.yaml knows; None where one says nothing."""

    path: str
    bytes: int
    hub: str | None
    known: str | None
    repo_type: str = "model"


def repo_type_of(source: Mapping[str, Any]) -> str:
    """model, or dataset: the hub keeps the two apart."""
    return source.get("repo_type", "model")


def listed(source: Mapping[str, Any], patterns: list[str], endpoint: str) -> tuple[str, list[Wanted]]:
    """The commit that a source's revision is, and the files of it that match, smallest first.

    InputError if there is none, or if they are not those whose sha256 the source knows.
    """
    repo, known, repo_type = source["repo"], source.get("sha256", {}), repo_type_of(source)
    info = HfApi(endpoint=endpoint).repo_info(
        repo,
        revision=source["revision"],
        repo_type=repo_type,
        files_metadata=True,
        timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
    )
    found = [
        Wanted(file.rfilename, file.size, stated, known.get(file.rfilename), repo_type)
        for file in info.siblings
        for stated in [file.lfs.sha256 if file.lfs else file.blob_id]
    ]
    wanted = list(filter_repo_objects(found, allow_patterns=patterns, key=lambda file: file.path))
    if not wanted:
        raise InputError(f"{repo} has no file like {', '.join(patterns)}; check `files` of its source")
    for file in wanted:
        if ".." in PurePosixPath(file.path).parts or PurePosixPath(file.path).is_absolute():
            raise InputError(f"{repo} has a file {file.path!r}, which leads out of its folder; do not use it")
        if file.known and file.hub and len(file.hub) == len(file.known) and file.hub != file.known:
            raise InputError(
                f"{file.path} of {repo} has sha256 {file.hub} on the hub, not {file.known} as config.yaml says; the "
                "repository was changed, so pin a revision that you trust"
            )
    for path in sorted(set(known) - {file.path for file in wanted}):
        raise InputError(f"{repo} has no {path}, of which config.yaml knows the sha256; check `revision`")
    return info.sha, sorted(wanted, key=lambda file: (file.bytes, file.path))


def grow(begun: Path, file: Wanted, repo: str, commit: str, endpoint: str, count: Callable[[int], None]) -> None:
    """Add to a file that was begun, or is not there, what is missing of it; `count` is told of bytes as they come."""
    url = hf_hub_url(repo, file.path, repo_type=file.repo_type, revision=commit, endpoint=endpoint)
    metadata = get_hf_file_metadata(url, endpoint=endpoint, retry_on_errors=True)
    # The token is for the hub alone, not for the store that it sends us on to.
    on_hub = urlsplit(metadata.location).netloc == urlsplit(endpoint).netloc
    if file.bytes > constants.MAX_HTTP_DOWNLOAD_SIZE:
        raise InputError(
            f"{file.path} of {repo} is over {constants.MAX_HTTP_DOWNLOAD_SIZE / 1e9:.0f} GB, more than one request may "
            f"ask for: run `hf download {repo} --local-dir <folder>`, and give that `folder` instead of `source`"
        )
    if begun.is_file() and begun.stat().st_size > file.bytes:
        begun.unlink()  # a server sent too much
    with open(begun, "ab") as stream:
        http_get(
            metadata.location,
            stream,
            resume_size=stream.tell(),
            headers=build_hf_headers(token=None if on_hub else False),
            expected_size=file.bytes,
            tqdm_class=_counting(count),
        )


def _counting(count: Callable[[int], None]) -> type:
    """What http_get takes for a progress bar, and tells of every chunk."""

    class Counting:
        def __init__(self, *_arguments: Any, **_options: Any) -> None:
            pass

        def __enter__(self) -> "Counting":
            return self

        def __exit__(self, *_error: Any) -> None:
            pass

        def update(self, received: int) -> None:
            count(received)

    return Counting


@contextmanager
def explained(source: Mapping[str, Any], folder: Path, endpoint: str) -> Iterator[None]:
    """One line, with the mend, for whatever goes wrong between us and the hub. A full disk goes on as it is."""
    repo = source["repo"]
    try:
        yield
    except GatedRepoError as error:
        raise InputError(
            f"{repo} is gated: accept its terms at {endpoint}/{repo}, then `hf auth login` or set HF_TOKEN, and run "
            "again"
        ) from error
    except RepositoryNotFoundError as error:
        raise InputError(
            f"{endpoint} has no {repo_type_of(source)} {repo}, or shows it to members only: check its name, or set "
            "HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(f"{repo} has no revision {source['revision']}; check `revision` of its source") from error
    except OfflineModeIsEnabled as error:
        raise InputError(
            f"{folder} is not there, and HF_HUB_OFFLINE forbids to download {repo}; unset it, or copy the folder there"
        ) from error
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        raise InputError(_failed(error, repo, endpoint)) from error


def _failed(error: Exception, repo: str, endpoint: str) -> str:
    """One line for an answer that did not come, or not whole."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 401:
        token = next((name for name in TOKENS if os.environ.get(name)), "the token that `hf auth login` keeps")
        return f"{endpoint} does not accept {token} ({reason}); make a new token, or take it away: {repo} may be public"
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return (
            f"the certificate of {endpoint} is not known here ({reason}); set SSL_CERT_FILE to the certificates of "
            "your organisation"
        )
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        proxy = proxy_to(endpoint)
        way = f"by the proxy of {proxy}" if proxy else "by no proxy"
        looked_at = proxy or "the network, HTTPS_PROXY and HF_ENDPOINT"
        return f"cannot reach {endpoint}, {way} ({reason}); check {looked_at}, and run again"
    return f"the download of {repo} from {endpoint} was cut off ({reason}); run again, it goes on where it was"
