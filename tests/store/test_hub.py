import errno
import os
from pathlib import Path

import httpx2
import hub as hubs
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError

from chainofsteps.errors import InputError
from chainofsteps.files import sha256
from chainofsteps.store.hub import Wanted, explained, grow, listed

SOURCE = {"repo": hubs.REPO, "revision": hubs.COMMIT}
LARGE, SMALL = "part/model.safetensors", "part/config.json"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100)  # in place of 10 MB
    (tmp_path / "repository" / "part").mkdir(parents=True)
    (tmp_path / "repository" / LARGE).write_bytes(bytes(range(250)) * 4)
    (tmp_path / "repository" / SMALL).write_bytes(b"{}")
    with hubs.serving(tmp_path / "repository") as hub:
        yield hub


def of_large(hub):
    return next(file for file in listed(SOURCE, ["*"], hub.endpoint)[1] if file.path == LARGE)


def test_listed(hub):
    large = hub.folder / LARGE
    commit, wanted = listed({**SOURCE, "revision": None, "sha256": {LARGE: sha256(large)}}, ["*"], hub.endpoint)
    assert commit == hubs.COMMIT
    assert wanted == [
        Wanted(SMALL, 2, hubs.git_hash(b"{}"), None),
        Wanted(LARGE, 1000, sha256(large), sha256(large)),
    ]
    assert [file.path for file in listed(SOURCE, ["*.json"], hub.endpoint)[1]] == [SMALL]


def test_a_repository_that_is_not_as_it_should_be(hub, monkeypatch):
    def refused(message, patterns=("*",), **changes):
        with pytest.raises(InputError, match=message) as error:
            listed({**SOURCE, **changes}, list(patterns), hub.endpoint)
        assert "\n" not in str(error.value)

    refused("someone/tiny has no file like \\*.ckpt; check `files`", ["*.ckpt"])
    refused(f"{LARGE} of someone/tiny has sha256 .* on the hub, not 0000", sha256={LARGE: "0" * 64})
    refused("someone/tiny has no gone.safetensors, of which", sha256={"gone.safetensors": "0" * 64})
    monkeypatch.setattr(hubs.Hub, "files", lambda self: {"../../evil.json": b"{}"})
    refused("has a file '../../evil.json', which leads out of its folder; do not use it")


@pytest.mark.parametrize(
    ("there", "asked"),
    [(0, [None]), (300, ["bytes=300-"]), (1000, []), (1001, [None])],
    ids=["nothing", "a part", "all", "too much"],
)
def test_a_file_is_gone_on_with(hub, tmp_path, there, asked):
    begun, received = tmp_path / "begun", []
    if there:
        begun.write_bytes((hub.folder / LARGE).read_bytes()[:there].ljust(there, b"x"))
    grow(begun, of_large(hub), hubs.REPO, hubs.COMMIT, hub.endpoint, received.append)
    assert sha256(begun) == sha256(hub.folder / LARGE)
    assert [headers.get("range") for headers in hub.asked_for(LARGE)] == asked
    assert sum(received) == (1000 - there) % 1001


def test_too_large_for_one_request(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "MAX_HTTP_DOWNLOAD_SIZE", 999)
    with pytest.raises(InputError, match="`hf download someone/tiny --local-dir <folder>`, and give that `folder`"):
        grow(tmp_path / "begun", of_large(hub), hubs.REPO, hubs.COMMIT, hub.endpoint, lambda received: None)


def have(hub, tmp_path, source=SOURCE, endpoint=None):
    """Both files, as downloads do it."""
    endpoint = endpoint or hub.endpoint
    with explained(source, Path("models/x"), endpoint):
        commit, wanted = listed(source, ["*"], endpoint)
        for number, file in enumerate(wanted):
            grow(tmp_path / f"file{number}", file, source["repo"], commit, endpoint, lambda received: None)


def refused(message, *given):
    with pytest.raises(InputError, match=message) as error:
        have(*given)
    assert "\n" not in str(error.value)


def test_gated(hub, tmp_path, monkeypatch):
    hub.gated = True
    refused(f"is gated: accept its terms at {hub.endpoint}/someone/tiny, then `hf auth login`", hub, tmp_path)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    refused("is gated: accept its terms", hub, tmp_path)
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "token").write_text(hubs.TOKEN)  # where `hf auth login` keeps it
    have(hub, tmp_path)
    of_store = [headers for _, path, headers in hub.requests if path.startswith("/store/")]
    assert of_store and not any("authorization" in headers for headers in of_store)
    assert hub.asked_for(SMALL)[-1]["authorization"] == f"Bearer {hubs.TOKEN}"


def test_private_and_unknown(hub, tmp_path, monkeypatch):
    hub.private = True
    refused(f"{hub.endpoint} has no model someone/tiny, or shows it to members only", hub, tmp_path)
    monkeypatch.setenv("HF_TOKEN", hubs.TOKEN)
    have(hub, tmp_path)
    refused("has no model someone/tinny", hub, tmp_path, {**SOURCE, "repo": "someone/tinny"})
    refused("someone/tiny has no revision v2; check `revision`", hub, tmp_path, {**SOURCE, "revision": "v2"})


def test_offline(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("models/x is not there, and HF_HUB_OFFLINE forbids to download someone/tiny; unset it", hub, tmp_path)
    assert hub.requests == []


def test_no_hub(hub, tmp_path, monkeypatch):
    nobody = "http://127.0.0.1:9"
    message = f"cannot reach {nobody}, by no proxy .*; check the network, HTTPS_PROXY and HF_ENDPOINT, and run again"
    refused(message, hub, tmp_path, SOURCE, nobody)


def test_a_token_that_is_not_accepted(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    response = httpx2.Response(401, request=httpx2.Request("GET", hub.endpoint))
    message = "does not accept HF_TOKEN .*; make a new token, or take it away"
    with pytest.raises(InputError, match=message), explained(SOURCE, Path("x"), hub.endpoint):
        raise HfHubHTTPError("Invalid credentials in Authorization header", response=response)


def test_a_full_disk_is_not_the_hubs_fault():
    with pytest.raises(OSError) as error, explained(SOURCE, Path("x"), "http://hub"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert error.value.errno == errno.ENOSPC


def test_a_dataset_is_asked_for_as_one(hub):
    hub.dataset, source = True, {**SOURCE, "repo_type": "dataset"}
    commit, wanted = listed(source, ["*"], hub.endpoint)
    begun = hub.folder.parent / "begun"
    grow(begun, wanted[0], hubs.REPO, commit, hub.endpoint, lambda _: None)
    assert begun.read_bytes() == b"{}"
    with (
        pytest.raises(InputError, match="has no model someone/tiny"),
        explained(SOURCE, Path("folder"), hub.endpoint),
    ):
        listed(SOURCE, ["*"], hub.endpoint)
