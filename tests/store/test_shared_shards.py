"""Shards that take finished items from the results folders of others."""

import contextlib
import json
import logging
import os
import shutil
from pathlib import Path

import pytest
import torch
from made_shards import CASES, SETTINGS, save, shard

from chainofsteps.errors import InputError
from chainofsteps.store.reader import read_shard
from chainofsteps.store.shards import Shard

IDENTITIES = {case: digit * 64 for case, digit in zip(CASES, "123", strict=True)}


@pytest.fixture
def place(tmp_path):
    return tmp_path / "trajectory" / "loop_maze" / "00.json"


@pytest.fixture
def others(tmp_path, caplog):
    """The results folder of somebody else, under another model's name and with other shards, not to be written."""
    caplog.set_level(logging.INFO, "chainofsteps")
    results = tmp_path / "others" / "results"
    for name, cases in (("00", CASES[:1]), ("01", CASES[1:])):
        theirs = shard(results / "their_name" / "trajectory" / "loop_maze" / f"{name}.json", identities=IDENTITIES)
        for case in cases:
            save(theirs, case)
        theirs.finish(cases)
    for path in [results, *results.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def look():
        files = [path for path in results.rglob("*") if path.is_file()]
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = look()
    yield results
    assert look() == before  # root may write anywhere
    for path in [results, *results.rglob("*")]:
        path.chmod(0o755)


@contextlib.contextmanager
def spoilt(path, content):
    """A file in a folder of others is another, or gone (None), for a while."""
    kept, times = path.read_bytes(), path.stat()
    path.parent.chmod(0o755)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    yield
    path.write_bytes(kept)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    return bytes(content)


def test_items_of_others_are_not_made_again(place, others, caplog):
    mine = shard(place, identities=IDENTITIES, shared=[others])
    assert mine.pending(CASES) == []
    assert [record.getMessage() for record in caplog.records] == [
        f"shared: {count} of 3 items are those of {others}/their_name/trajectory/loop_maze/{name}.json"
        for name, count in (("00", 1), ("01", 2))
    ]
    manifest = mine.finish(CASES)
    assert manifest["forwards"] == 13.5
    reader = read_shard(place)
    for case in CASES:
        assert torch.equal(reader.load(case)[0]["latents"], torch.full((2, 3), float(case)))
        source = Path(manifest["items"][case]["shared"])
        assert source.is_relative_to(others) and source.samefile(reader.path(case))
    assert reader.path("00000").is_symlink()


def test_own_items_come_before_those_of_others(place, others):
    mine = shard(place, identities=IDENTITIES)
    mine.save("00001", {"latents": torch.zeros(1)}, {})
    again = shard(place, identities=IDENTITIES, shared=[others])
    assert again.load("00001")[0]["latents"].tolist() == [0]
    assert "shared" not in again.finish(CASES)["items"]["00001"]


def test_a_spoilt_item_of_others_is_refused_by_name_and_made(place, others, caplog):
    theirs = read_shard(others / "their_name/trajectory/loop_maze/01.json")
    path = theirs.path("00001")
    with spoilt(path, flipped(path)):
        mine = shard(place, identities=IDENTITIES, shared=[others])
        assert mine.pending(CASES) == ["00001"]
    (line,) = [record.getMessage() for record in caplog.records if "not used" in record.getMessage()]
    assert line == f"shared, not used: {path} differs from what {theirs.manifest_path} lists (sha256)"
    save(mine, "00001")
    assert "shared" not in mine.finish(CASES)["items"]["00001"] and not mine._path("00001").is_symlink()


def test_an_item_of_others_that_changed_after_it_was_taken_is_refused(place, others):
    shard(place, identities=IDENTITIES, shared=[others])  # and killed before it was finished
    path = read_shard(others / "their_name/trajectory/loop_maze/01.json").path("00002")
    with spoilt(path, flipped(path)):
        assert shard(place, identities=IDENTITIES, shared=[others]).pending(CASES) == ["00002"]
    mine = shard(place, identities=IDENTITIES, shared=[others])
    mine.finish(CASES)
    with (
        spoilt(path, flipped(path)),
        pytest.raises(InputError, match=r"00002.33333333.safetensors differs from what .*00.json"),
    ):
        read_shard(place).load("00002")
    assert shard(place, identities=IDENTITIES).pending(CASES) == CASES  # no longer shared: nothing is left of it


@pytest.mark.parametrize(
    "change, words",
    [
        ({"settings": {**SETTINGS, "model": "another"}}, "but is of another model"),
        ({"settings": {**SETTINGS, "seeds": [1, 2]}}, r"but is of other settings (seeds)"),
        ({"recipe": 2}, "but is of recipe 1, not 2"),
    ],
)
def test_a_shard_of_something_else_is_named_and_not_used(place, others, caplog, change, words):
    mine = shard(place, identities=IDENTITIES, shared=[others], **change)
    assert mine.pending(CASES) == CASES
    lines = [record.getMessage() for record in caplog.records]
    of = others / "their_name/trajectory/loop_maze"
    assert lines == [
        f"shared, not used: {of}/{name}.json lists {case}, {words}" for name, case in (("00", "00000"), ("01", "00001"))
    ]


def test_another_case_of_the_same_name_is_named_and_not_used(place, others, caplog):
    identities = {**IDENTITIES, "00002": "4" * 64}
    assert shard(place, identities=identities, shared=[others]).pending(CASES) == ["00002"]
    assert "01.json lists another case by the name of 00002" in caplog.text


def test_a_task_noun_or_case_of_no_concern_is_passed_over(tmp_path, others, caplog):
    for place in ("m/trajectory/unique_maze/00.json", "m/conditioning/loop_maze/00.json"):
        path = tmp_path / place
        noun = path.parts[-3]
        assert Shard(path, noun, SETTINGS, 1, IDENTITIES, [others]).pending(CASES) == CASES
    assert shard(tmp_path / "m/trajectory/loop_maze/00.json", identities={"9": "9"}, shared=[others]).pending(["9"])
    assert caplog.text == ""


@pytest.mark.parametrize("content", [b"{", b"[1]", b'{"folder": "x", "items": {"00001": 3}, "settings": {}}'])
def test_a_spoilt_manifest_of_others_is_named_and_not_used(place, others, caplog, content):
    path = others / "their_name/trajectory/loop_maze/01.json"
    with spoilt(path, content):
        assert shard(place, identities=IDENTITIES, shared=[others]).pending(CASES) == CASES[1:]
    assert f"shared, not used: {path} is not" in caplog.text


def test_a_manifest_of_others_leads_to_no_other_folder(place, others, tmp_path):
    path = others / "their_name/trajectory/loop_maze/01.json"
    secret = tmp_path / "secret.safetensors"
    shutil.copy(read_shard(path).path("00001"), secret)
    manifest = json.loads(path.read_text())
    manifest["folder"], manifest["items"]["00001"]["file"] = str(tmp_path), "secret.safetensors"
    with spoilt(path, json.dumps(manifest).encode()):
        taken = shard(place, identities=IDENTITIES, shared=[others]).finish(CASES)["items"]["00001"]["shared"]
    assert Path(taken).is_relative_to(others)


def test_a_listed_item_that_is_gone_is_named(place, others, caplog):
    path = read_shard(others / "their_name/trajectory/loop_maze/00.json").path("00000")
    with spoilt(path, None):
        assert shard(place, identities=IDENTITIES, shared=[others]).pending(CASES) == ["00000"]
    assert f"shared, not used: cannot read {path}" in caplog.text


@pytest.mark.parametrize("spoil", [False, True])
def test_rows_of_others_are_taken_with_their_tensors_or_not_at_all(tmp_path, caplog, spoil):
    results, identities = tmp_path / "others/results", {"00000": "1" * 64}
    theirs = shard(results / "their_name/trajectory/loop_maze/00.json", identities=identities)
    theirs.save("00000", {"score": torch.ones(1)}, {}, rows=[{"score": 1.0}])
    theirs.finish(["00000"])
    (path,) = theirs.folder.glob("*.rows.json")
    if spoil:
        path.write_text("[]")
    place = tmp_path / "trajectory/loop_maze/00.json"
    mine = shard(place, identities=identities, shared=[results])
    if spoil:
        assert mine.pending(["00000"]) == ["00000"] and f"{path} differs from what" in caplog.text
        assert not list(mine.folder.glob("00000*"))
        return
    assert mine.rows("00000") == [{"score": 1.0}]
    mine.finish(["00000"])
    assert all(
        file.is_symlink() and file.resolve().is_relative_to(results) for file in read_shard(place).files("00000")
    )
    path.write_text("[]")  # it changed after it was taken
    assert shard(place, identities=identities, shared=[results]).pending(["00000"]) == ["00000"]
