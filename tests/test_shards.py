import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import chainofsteps
from chainofsteps.errors import InputError
from chainofsteps.shards import Shard, read_shard

CASES = ["00000", "00001", "00002"]
SETTINGS = {"model": {"steps": 4}, "seeds": [1]}


@pytest.fixture
def place(tmp_path):
    return tmp_path / "trajectory" / "loop_maze" / "00", tmp_path / "trajectory" / "loop_maze" / "00.json"


def shard(place, settings=SETTINGS, recipe=1):
    return Shard(*place, "trajectory", settings, recipe)


def save(open_shard, case):
    value = torch.full((2, 3), float(case[:5]))
    open_shard.save(case, {"latents": value}, {"case": case, "forwards": 4.5, "seconds": 0.25})


def test_a_whole_shard(place):
    writing = shard(place)
    assert writing.pending(CASES) == CASES
    for case in CASES:
        save(writing, case)
    assert not place[0].exists() and not place[1].exists()
    manifest = writing.finish(CASES, note="x")
    assert json.loads(place[1].read_text()) == manifest
    assert manifest["noun"] == "trajectory" and manifest["recipe"] == 1 and manifest["settings"] == SETTINGS
    assert manifest["forwards"] == 13.5 and manifest["seconds"] == 0.75 and manifest["note"] == "x"
    assert {"python", "torch", "diffusers"} <= set(manifest["versions"])
    assert not writing.partial.exists()

    reader = read_shard(place[1])
    assert reader.cases == CASES and reader.settings == SETTINGS
    tensors, metadata = reader.load("00002")
    assert torch.equal(tensors["latents"], torch.full((2, 3), 2.0))
    assert metadata["case"] == "00002" and metadata["settings_hash"] == manifest["settings_hash"]


def test_a_job_takes_up_what_an_earlier_one_saved(place):
    save(shard(place), "00001")
    later = shard(place)
    assert later.pending(CASES) == ["00000", "00002"]
    assert torch.equal(later.load("00001")[0]["latents"], torch.ones(2, 3))
    with pytest.raises(InputError, match="case 00000 is not in .*00.partial"):
        later.finish(CASES)
    assert not place[1].exists() and not place[0].exists()


@pytest.mark.parametrize("change", [{"settings": {"model": {"steps": 5}, "seeds": [1]}}, {"recipe": 2}])
def test_other_settings_discard_with_a_line(place, change, capsys):
    save(shard(place), "00001")
    assert capsys.readouterr().err == ""
    assert shard(place, **change).pending(CASES) == CASES
    assert "00.partial: made with other settings, discarded" in capsys.readouterr().err


def test_a_folder_without_a_stamp_is_discarded(place):
    save(shard(place), "00001")
    (place[0].with_name("00.partial") / "settings.json").unlink()
    assert shard(place).pending(CASES) == CASES


def test_killed_between_the_folder_and_the_manifest(place):
    first = shard(place)
    for case in CASES:
        save(first, case)
    manifest = first.finish(CASES)
    place[1].unlink()
    again = shard(place)
    assert again.pending(CASES) == []
    assert again.finish(CASES)["items"] == manifest["items"]
    assert read_shard(place[1]).load("00000")


def test_leftovers_and_other_items_are_dropped(place):
    writing = shard(place)
    for case in (*CASES, "00000-high"):
        save(writing, case)
    (writing.partial / ".00001.safetensors.99.partial").write_bytes(b"half")
    writing.finish(CASES)
    assert sorted(path.name for path in place[0].iterdir()) == [f"{case}.safetensors" for case in CASES] + [
        "settings.json"
    ]


def test_a_changed_item_is_refused(place):
    writing = shard(place)
    for case in CASES:
        save(writing, case)
    writing.finish(CASES)
    path = place[0] / "00001.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    reader = read_shard(place[1])
    assert reader.load("00000")
    with pytest.raises(InputError, match=r"00001.safetensors differs from what .*00.json lists \(sha256\)"):
        reader.load("00001")
    path.unlink()
    with pytest.raises(InputError, match="cannot read .*00001.safetensors"):
        reader.load("00001")
    with pytest.raises(InputError, match="has no case 00009; it has 00000, 00001, 00002"):
        reader.load("00009")


def test_results_can_be_moved_as_a_whole(place, tmp_path):
    writing = shard(place)
    save(writing, "00000")
    writing.finish(["00000"])
    shutil.move(tmp_path / "trajectory", tmp_path / "moved")
    assert read_shard(tmp_path / "moved" / "loop_maze" / "00.json").load("00000")


def test_bad_manifests(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_shard(tmp_path / "none.json")
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(InputError, match="other.json is not a manifest"):
        read_shard(tmp_path / "other.json")


def test_folder_not_writable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write .*00.partial: .*; choose a writable folder"):
        Shard(tmp_path / "file" / "00", tmp_path / "00.json", "trajectory", {}, 1)


def test_a_killed_job_loses_the_case_in_flight_and_no_more(place):
    many = [f"{number:05d}" for number in range(2000)]
    code = (
        "import sys, torch; from chainofsteps.shards import Shard\n"
        "shard = Shard(sys.argv[1], sys.argv[2], 'trajectory', {}, 1)\n"
        f"for case in {many!r}: shard.save(case, {{'x': torch.full((50000,), float(case))}}, {{}})\n"
    )
    source = {**os.environ, "PYTHONPATH": str(Path(chainofsteps.__file__).parents[1])}
    job = subprocess.Popen([sys.executable, "-c", code, *map(str, place)], env=source)
    partial = place[0].with_name("00.partial")
    while not (partial / "00005.safetensors").exists() and job.poll() is None:
        time.sleep(0.01)
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    resumed = Shard(*place, "trajectory", {}, 1)
    done = many[: -len(resumed.pending(many))]
    assert len(done) > 5 and resumed.pending(many) == many[len(done) :]
    for case in done:
        assert (resumed.load(case)[0]["x"] == float(case)).all()
