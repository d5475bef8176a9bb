import errno
import fcntl
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import safetensors.torch
import torch

from chainofsteps.errors import InputError
from chainofsteps.files import (
    atomic_write,
    claim,
    files_below,
    fingerprint,
    load_tensors,
    read_json,
    save_tensors,
    sha256,
    write_json,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_write_makes_folders_and_leaves_nothing_else(tmp_path):
    atomic_write(tmp_path / "a" / "b.bin", b"one")
    atomic_write(tmp_path / "a" / "b.bin", lambda path: path.write_bytes(b"two"))
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"two"
    assert names(tmp_path / "a") == ["b.bin"]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "b.bin"
    atomic_write(path, b"old")

    def fails_halfway(partial):
        partial.write_bytes(b"half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        atomic_write(path, fails_halfway)
    assert path.read_bytes() == b"old" and names(tmp_path) == ["b.bin"]


def test_full_disk(tmp_path):
    def fill(partial):
        partial.write_bytes(b"half")
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"more")

    with pytest.raises(InputError, match=r"b\.bin: No space left on device; free some space"):
        atomic_write(tmp_path / "b.bin", fill)
    assert names(tmp_path) == []


def test_folder_not_writable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path / "file" / "b.bin", tmp_path / "file" / "deeper" / "b.bin"):
        with pytest.raises(InputError, match=r"cannot write .*b\.bin: .*; choose a writable folder"):
            atomic_write(path, b"x")

    def read_only(source, target):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", read_only)
    with pytest.raises(InputError, match="Read-only file system; choose a writable folder"):
        atomic_write(tmp_path / "b.bin", b"x")
    assert names(tmp_path) == ["file"]


def test_tensors_round_trip_with_metadata(tmp_path):
    path = tmp_path / "t.safetensors"
    tensors = {"a": torch.randn(3, 4), "b": torch.arange(5), "view": torch.randn(4, 6).T}
    save_tensors(path, tensors, {"case": "00000", "seed": 3, "settings": {"shift": 3.0}})
    loaded, metadata = load_tensors(path)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())
    assert loaded.keys() == tensors.keys()
    assert metadata == {"case": "00000", "seed": "3", "settings": '{"shift": 3.0}'}


def test_missing_and_truncated_tensors(tmp_path):
    path = tmp_path / "t.safetensors"
    with pytest.raises(InputError, match="cannot read .*t.safetensors: No such file"):
        load_tensors(path)
    save_tensors(path, {"a": torch.randn(100)}, {})
    whole = path.read_bytes()
    for size in (0, 5, 20, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="not a whole safetensors file .* run again") as caught:
            load_tensors(path)
        assert "\n" not in str(caught.value)


def test_a_flipped_bit_anywhere_is_noticed(tmp_path):
    path = tmp_path / "t.safetensors"
    save_tensors(path, {"a": torch.randn(3)}, {"cka": [{"dissimilarity": 0.25}]})
    whole = path.read_bytes()
    name = whole.index(b"sha256")  # of the seal: without it, a file passes for one of an older version
    for place in [*range(name), *range(name + len("sha256"), len(whole))]:
        for bit in range(8):
            content = bytearray(whole)
            content[place] ^= 1 << bit
            path.write_bytes(content)
            with pytest.raises(InputError, match="delete it and run again to make it") as caught:
                load_tensors(path)
            assert "\n" not in str(caught.value)


def test_a_file_of_an_older_version_is_read(tmp_path):
    path = tmp_path / "t.safetensors"
    path.write_bytes(safetensors.torch.save({"a": torch.ones(3)}, {"case": "00000"}))
    assert load_tensors(path)[1] == {"case": "00000"}


def test_a_claim_is_waited_for_and_ends_with_its_process(tmp_path, caplog):
    path = tmp_path / "a" / ".00.lock"
    with pytest.raises(InputError, match="cannot write .*00.lock: .*; choose a writable folder"):
        claim(path)
    path.parent.mkdir()
    code = "import sys; from chainofsteps.files import claim; claim(sys.argv[1]); print(flush=True); input()"
    source = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, str(path)], env=source, **pipes) as holder:
        holder.stdout.readline()
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(claim, path)
            while f"waiting for process {holder.pid} on " not in caplog.text:
                assert not waiting.done() and holder.poll() is None
                time.sleep(0.01)
            assert not waiting.done() and "end it if nobody wants it any more" in caplog.text
            holder.kill()
            assert waiting.result() == claim(path)  # once in a process


def test_a_filesystem_without_locks_is_said(tmp_path, monkeypatch, caplog):
    def unsupported(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", unsupported)
    assert claim(tmp_path / ".00.lock") > 0
    assert ".00.lock cannot be locked (No locks available): take care that no two jobs work on it" in caplog.text


def test_sha256_and_fingerprint(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(InputError, match="cannot read"):
        sha256(tmp_path / "none")
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1}) != fingerprint({"a": 1, "b": [3]})


def test_json(tmp_path):
    write_json(tmp_path / "x.json", {"a": [1, None]})
    assert read_json(tmp_path / "x.json") == {"a": [1, None]}
    (tmp_path / "x.json").write_text('{"a": ')
    with pytest.raises(InputError, match="x.json is not JSON"):
        read_json(tmp_path / "x.json")


def test_loaded_tensors_start_on_aligned_addresses(tmp_path):
    path = tmp_path / "t.safetensors"
    save_tensors(path, {f"t{size}": torch.randn(size) for size in range(1, 40)}, {})
    assert all(tensor.data_ptr() % 64 == 0 for tensor in load_tensors(path)[0].values())


def test_files_below_go_through_links_and_leave_hidden_ones_out(tmp_path):
    other = tmp_path / "other"
    (other / "deep").mkdir(parents=True)
    (other / "deep" / "weights.safetensors").write_text("w")
    folder = tmp_path / "model"
    (folder / ".git").mkdir(parents=True)
    for name in (".git/config", ".hidden", "index.json"):
        (folder / name).write_text("x")
    (folder / "vae").symlink_to(other)  # a part that is a link, as a hub's cache and the ladder have them
    (folder / "linked.json").symlink_to(folder / "index.json")
    found = [path.relative_to(folder).as_posix() for path in files_below(folder)]
    assert found == ["index.json", "linked.json", "vae/deep/weights.safetensors"]


def test_links_without_an_end_or_a_target_are_named(tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "loop").symlink_to(tmp_path)
    with pytest.raises(InputError, match="part/loop is a link to a folder that it lies in"):
        files_below(tmp_path)
    (tmp_path / "part" / "loop").unlink()
    (tmp_path / "part" / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="part/gone is a link to .*nowhere, which is not there"):
        files_below(tmp_path)
