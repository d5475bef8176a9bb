"""A hub on this machine, for huggingface_hub's real client: one repository, and whatever can go wrong with it.

Large files (safetensors) are LFS files, as on the hub: their ETag is their sha256, and they are handed out by another
host, to which no token may go. Small ones are git blobs.
"""

import hashlib
import json
import re
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

REPO = "someone/tiny"
COMMIT = hashlib.sha1(b"tiny").hexdigest()
TOKEN = "hf_right"


@dataclass
class Hub:
    """What it serves and how, and what was asked of it: (method, path, headers by their names in small letters)."""

    folder: Path
    endpoint: str = ""
    store: str = ""  # the other host
    gated: bool = False
    private: bool = False
    corrupt: set[str] = field(default_factory=set)
    cut_after: dict[str, int] = field(default_factory=dict)  # bytes, once
    stall_after: dict[str, int] = field(default_factory=dict)  # bytes, until `released`
    without_range: bool = False
    without_hashes: bool = False
    dataset: bool = False  # else a model: the hub keeps the two apart
    released: threading.Event = field(default_factory=threading.Event)
    requests: list = field(default_factory=list)

    def files(self) -> dict[str, bytes]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    def asked_for(self, ending: str, method: str = "GET") -> list[dict]:
        """The headers of the requests for a path with this ending."""
        return [headers for how, path, headers in self.requests if how == method and path.endswith(ending)]


def is_large(path: str) -> bool:
    return path.endswith(".safetensors")


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _handler(hub: Hub) -> type:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments):
            pass

        def handle(self):
            with suppress(ConnectionError):  # of a client that was killed
                super().handle()

        def do_HEAD(self):
            self.answer()

        def do_GET(self):
            self.answer()

        def answer(self):
            path = unquote(urlsplit(self.path).path)
            kind, place = ("datasets", "/datasets/") if hub.dataset else ("models", "/")
            hub.requests.append((self.command, path, {key.lower(): text for key, text in self.headers.items()}))
            allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            if path.startswith("/store/"):
                return self.send_content(path.removeprefix("/store/"))
            if found := re.fullmatch(rf"/api/{kind}/([^/]+/[^/]+)(?:/revision/(.+))?", path):
                return self.send_info(*found.groups(), allowed)
            if found := re.fullmatch(rf"{place}([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                return self.send_file(*found.groups(), allowed)
            return self.refuse(404, "RepoNotFound")

        def refuse(self, status, code):
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", f"no: {code}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_info(self, repo, revision, allowed):
            if repo != REPO or (hub.private and not allowed):
                return self.refuse(401, "RepoNotFound")
            if revision not in (None, "main", COMMIT):
                return self.refuse(404, "RevisionNotFound")
            siblings = []
            for name, content in hub.files().items():
                entry = {"rfilename": name, "size": len(content), "blobId": git_hash(content)}
                if is_large(name):
                    sha256 = hashlib.sha256(content).hexdigest()
                    entry |= {"lfs": {"sha256": sha256, "size": len(content), "pointerSize": 134}}
                if hub.without_hashes:
                    entry = {"rfilename": name, "size": len(content)}
                siblings.append(entry)
            answer = {"id": repo, "sha": COMMIT, "gated": hub.gated and "auto", "siblings": siblings, "tags": []}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def send_file(self, repo, revision, name, allowed):
            if repo != REPO or (hub.private and not allowed):
                return self.refuse(401, "RepoNotFound")
            if hub.gated and not allowed:
                return self.refuse(403 if "Authorization" in self.headers else 401, "GatedRepo")
            content = hub.files().get(name)
            if content is None:
                return self.refuse(404, "EntryNotFound")
            if not is_large(name):
                return self.send_content(name, {"ETag": f'"{git_hash(content)}"'})
            self.send_response(302)
            self.send_header("Location", f"{hub.store}/store/{name}")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Size", str(len(content)))
            self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_content(self, name, headers=()):
            content = hub.files()[name]
            if name in hub.corrupt:
                content = content[:-1] + bytes([content[-1] ^ 1])
            first = 0
            if (asked := self.headers.get("Range")) and not hub.without_range:
                first = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            self.send_response(206 if first else 200)
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content) - first))
            for key, value in dict(headers).items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            body = content[first:]
            if name in hub.cut_after:
                self.wfile.write(body[: hub.cut_after.pop(name)])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif name in hub.stall_after:
                self.wfile.write(body[: hub.stall_after[name]])
                self.wfile.flush()
                hub.released.wait()
                self.wfile.write(body[hub.stall_after[name] :])
            else:
                self.wfile.write(body)

    return Handler


@contextmanager
def serving(folder: Path):
    """The hub that serves a folder as REPO, until the block ends."""
    hub = Hub(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    hub.store = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        server.server_close()
