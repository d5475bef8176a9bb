"""Downloads by huggingface_hub's real client from a hub on this machine, which serves a tiny random checkpoint."""

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import hub as hubs
import pytest
from huggingface_hub import constants

from chainofsteps.errors import InputError
from chainofsteps.files import sha256
from chainofsteps.model.load import check_checkpoint
from chainofsteps.store import download
from chainofsteps.store.download import check_read, fetch

ROOT = Path(__file__).parents[2]
SOURCE = {"repo": hubs.REPO, "revision": hubs.COMMIT, "licence": "apache-2.0"}
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
STREAMS = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
NOT_NEEDED = ("README.md", "examples/example.png", "transformer/diffusion_pytorch_model.bin", ".gitattributes")


@pytest.fixture(scope="module")
def repository(checkpoint, tmp_path_factory):
    """A checkpoint as repositories hold it, with files that are not needed."""
    folder = shutil.copytree(checkpoint, tmp_path_factory.mktemp("hub") / "repository")
    for name in NOT_NEEDED:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"not needed")
    return folder


@pytest.fixture
def hub(repository, monkeypatch, tmp_path):
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    with hubs.serving(repository) as hub:
        yield hub


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models" / "someone" / "tiny" / hubs.COMMIT


def refused(message, hub, folder, **changes):
    """The message; nothing is accepted."""
    with pytest.raises(InputError, match=message) as error:
        fetch({**SOURCE, **changes}, folder, hub.endpoint)
    assert "\n" not in str(error.value) and not folder.exists()
    return str(error.value)


def test_a_whole_checkpoint_and_nothing_else(hub, folder, repository, capsys):
    record = fetch(SOURCE, folder, hub.endpoint)
    check_checkpoint(folder)
    assert not set(record["files"]) & set(NOT_NEEDED)
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk == {*record["files"], ".download.json"} == {*hub.files(), ".download.json"} - set(NOT_NEEDED)
    for path, entry in record["files"].items():
        content = (repository / path).read_bytes()
        assert (folder / path).read_bytes() == content
        digest = hashlib.sha256(content).hexdigest()
        hub_says = digest if hubs.is_large(path) else hubs.git_hash(content)
        assert entry == {"bytes": len(content), "sha256": digest, "hub": hub_says}
    said = {key: record[key] for key in ("repo", "revision", "commit", "licence", "endpoint", "folder")}
    assert said == {**SOURCE, "commit": hubs.COMMIT, "endpoint": hub.endpoint, "folder": str(folder)}
    assert not list(folder.parent.glob("*.partial")) and not list(folder.rglob("*.incomplete"))
    assert re.search(r"download someone/tiny: +(99|100)% of 0.7 MB, .* left", capsys.readouterr().err)


def test_a_folder_that_is_there_is_not_downloaded(hub, folder):
    first = fetch(SOURCE, folder, hub.endpoint)
    hub.requests.clear()
    assert fetch(SOURCE, folder, hub.endpoint) == first
    assert hub.requests == []


def test_a_folder_put_there_by_hand_is_hashed(hub, folder, repository):
    shutil.copytree(repository, folder)
    record = fetch(SOURCE, folder, hub.endpoint)
    assert hub.requests == [] and record["commit"] is None
    entry = {"bytes": (folder / WEIGHTS).stat().st_size, "sha256": sha256(folder / WEIGHTS), "hub": None}
    assert record["files"][WEIGHTS] == entry and ".gitattributes" not in record["files"]
    with pytest.raises(InputError, match=f"{WEIGHTS} has sha256 {entry['sha256']}, not {'0' * 64} as config.yaml says"):
        fetch({**SOURCE, "sha256": {WEIGHTS: "0" * 64}}, folder, hub.endpoint)


def test_a_changed_folder_is_refused(hub, folder):
    record = fetch(SOURCE, folder, hub.endpoint)
    read = {str(folder / path): entry["sha256"] for path, entry in record["files"].items()}
    check_read(record, read)
    with pytest.raises(InputError, match="was changed since it was downloaded; delete"):
        check_read(record, {**read, str(folder / WEIGHTS): "0" * 64})
    with open(folder / WEIGHTS, "ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="but was downloaded with .* bytes; delete"):
        fetch(SOURCE, folder, hub.endpoint)
    (folder / WEIGHTS).unlink()
    with pytest.raises(InputError, match="is missing, but was downloaded with"):
        fetch(SOURCE, folder, hub.endpoint)


def test_patterns_and_the_branch_of_the_day(hub, folder):
    record = fetch({"repo": hubs.REPO, "revision": None, "files": ["vae/*"]}, folder, hub.endpoint)
    assert set(record["files"]) == {"vae/config.json", "vae/diffusion_pytorch_model.safetensors"}
    assert (record["revision"], record["commit"]) == (None, hubs.COMMIT)
    with pytest.raises(InputError, match="was downloaded with other `files` of its source; delete it and run again"):
        fetch({"repo": hubs.REPO, "revision": None}, folder, hub.endpoint)


def test_what_an_earlier_day_left_is_taken_if_it_is_the_same(hub, folder):
    partial = folder.with_name(f"{folder.name}.partial")
    for path in ("vae/config.json", WEIGHTS):
        (partial / path).parent.mkdir(parents=True)
        shutil.copy(hub.folder / path, partial / path)
    (partial / WEIGHTS).write_bytes(b"of another commit")
    fetch(SOURCE, folder, hub.endpoint)
    assert len(hub.asked_for(WEIGHTS)) == 1 and not hub.asked_for("vae/config.json")
    assert sha256(folder / WEIGHTS) == sha256(hub.folder / WEIGHTS)


def test_what_an_earlier_day_left_of_another_commit_is_gone(hub, folder):
    partial = folder.with_name(f"{folder.name}.partial")
    begun = f".{Path(WEIGHTS).name}.{'0' * 16}.incomplete"
    left = ["transformer_2/config.json", "transformer/more.safetensors", f"transformer/{begun}", ".download.json"]
    for path in left:
        (partial / path).parent.mkdir(parents=True, exist_ok=True)
        (partial / path).write_bytes(b"{}")
    record = fetch({**SOURCE, "revision": None}, folder, hub.endpoint)
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk == {*record["files"], ".download.json"} and not (folder / "transformer_2").exists()


def test_what_is_begun_beside_the_whole_file_is_gone(hub, folder):
    partial, path = folder.with_name(f"{folder.name}.partial"), "vae/config.json"
    _, wanted = download.listed(SOURCE, [path], hub.endpoint)
    (partial / path).parent.mkdir(parents=True)
    shutil.copy(hub.folder / path, partial / path)
    download._begun(partial, wanted[0]).write_bytes(b"{")
    fetch(SOURCE, folder, hub.endpoint)
    assert not hub.asked_for(path) and not list(folder.rglob("*.incomplete"))


def test_what_another_commit_left_takes_no_space(hub, folder, monkeypatch):
    begun = folder.with_name(f"{folder.name}.partial") / "vae" / ".other.safetensors.0123.incomplete"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"of another commit")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0 if begun.exists() else 10**9))
    fetch(SOURCE, folder, hub.endpoint)


def test_a_cut_connection_goes_on_where_it_was(hub, folder, repository, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)  # in place of 10 MB
    hub.cut_after[WEIGHTS] = 1000
    fetch(SOURCE, folder, hub.endpoint)
    assert [headers.get("range") for headers in hub.asked_for(WEIGHTS)] == [None, "bytes=1000-"]
    assert sha256(folder / WEIGHTS) == sha256(repository / WEIGHTS)


def test_a_server_without_ranges_sends_it_again(hub, folder, repository, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)
    hub.cut_after[WEIGHTS] = 1000
    hub.without_range = True
    fetch(SOURCE, folder, hub.endpoint)
    assert sha256(folder / WEIGHTS) == sha256(repository / WEIGHTS)


def test_a_killed_download_goes_on_where_it_was(hub, folder, repository):
    hub.stall_after[WEIGHTS] = 40_000
    program = (
        "from huggingface_hub import constants; from chainofsteps.store.download import fetch;"
        f"constants.DOWNLOAD_CHUNK_SIZE = 1000; fetch({SOURCE!r}, {str(folder)!r}, {hub.endpoint!r})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HOME": str(folder.parent)}
    run = subprocess.Popen([sys.executable, "-c", program], env=environment)
    partial, others = folder.with_name(f"{hubs.COMMIT}.partial"), len(hub.files()) - len(NOT_NEEDED) - 1
    begun = []
    while not begun or sum(map(is_whole, partial.rglob("*"))) < others:
        assert run.poll() is None
        time.sleep(0.02)
        begun = [path for path in (partial / WEIGHTS).parent.rglob("*.incomplete") if size_of(path) >= 30_000]
    run.kill()
    run.wait()
    assert not folder.exists()
    size = begun[0].stat().st_size
    hub.released.set()
    hub.requests.clear()
    fetch(SOURCE, folder, hub.endpoint)
    assert [headers.get("range") for headers in hub.asked_for(WEIGHTS) if "range" in headers] == [f"bytes={size}-"]
    loaded = {path for method, path, _ in hub.requests if method == "GET" and "/api/" not in path}
    assert loaded == {f"/store/{WEIGHTS}"}
    assert sha256(folder / WEIGHTS) == sha256(repository / WEIGHTS)


def test_two_runs_download_it_once(hub, folder):
    hub.stall_after[WEIGHTS] = 1000
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(fetch, SOURCE, folder, hub.endpoint)]
        while not hub.asked_for(f"/store/{WEIGHTS}"):
            time.sleep(0.02)
        runs.append(pool.submit(fetch, SOURCE, folder, hub.endpoint))
        time.sleep(0.2)  # time for the second to begin, if it does
        hub.released.set()
    assert runs[0].result() == runs[1].result()
    assert len(hub.asked_for(f"/store/{WEIGHTS}")) == 1


def size_of(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it was whole in the meantime, and has its own name
        return 0


def is_whole(path):
    return path.is_file() and not path.name.startswith(".")


@pytest.mark.parametrize("path", [WEIGHTS, "vae/config.json"])
def test_a_wrong_hash_is_not_accepted(hub, folder, path):
    hub.corrupt.add(path)
    message = refused("but the hub or config.yaml says .* it was deleted, so run again", hub, folder)
    assert message.startswith(path)
    hub.corrupt.clear()
    hub.requests.clear()
    fetch(SOURCE, folder, hub.endpoint)
    assert len(hub.asked_for(path)) == 1


def test_without_hashes_of_the_hub_those_of_the_source_hold(hub, folder, repository):
    hub.without_hashes = True
    record = fetch({**SOURCE, "sha256": {WEIGHTS: sha256(repository / WEIGHTS)}}, folder, hub.endpoint)
    assert record["files"][WEIGHTS]["hub"] is None
    shutil.rmtree(folder)
    hub.corrupt.add(WEIGHTS)
    refused(f"{WEIGHTS} came with sha256", hub, folder, sha256={WEIGHTS: sha256(repository / WEIGHTS)})


def test_full_disk_is_seen_beforehand(hub, folder, monkeypatch):
    size = sum(len(content) for path, content in hub.files().items() if path not in NOT_NEEDED)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=size - 1))
    refused("GB free, and .* GB are still to come; free some space, or set models_folder", hub, folder)
    assert not [path for _, path, _ in hub.requests if "/resolve/" in path]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=size))
    fetch(SOURCE, folder, hub.endpoint)


def test_full_disk_in_between(hub, folder, monkeypatch):
    def full(*_given, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download, "grow", full)
    refused(f"cannot write {folder}: No space left on device; free some space and run again", hub, folder)


def test_a_model_that_cannot_be_used_is_refused_before_its_weights(hub, folder, repository, tmp_path, monkeypatch):
    hub.folder = shutil.copytree(repository, tmp_path / "other")
    index = json.loads((hub.folder / "model_index.json").read_text())
    (hub.folder / "model_index.json").write_text(json.dumps({**index, "_class_name": "LTX2Pipeline"}))
    monkeypatch.setattr(download, "SMALL", 20_000)
    refused("holds a LTX2Pipeline; give a Wan image-to-video checkpoint", hub, folder)
    assert hub.asked_for("model_index.json") and not hub.asked_for(WEIGHTS)


def test_the_first_failure_stops_the_others(hub, folder, monkeypatch):
    monkeypatch.setattr(download, "PARALLEL", 1)
    hub.corrupt.add("vae/config.json")
    refused("vae/config.json came with", hub, folder)
    assert not hub.asked_for(WEIGHTS)
