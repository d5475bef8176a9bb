import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from made_shards import CASES, SETTINGS, save, shard

import chainofsteps
from chainofsteps.errors import InputError
from chainofsteps.files import sha256
from chainofsteps.store import provenance, shards
from chainofsteps.store.reader import read_shard
from chainofsteps.store.shards import Shard


@pytest.fixture
def place(tmp_path):
    return tmp_path / "trajectory" / "loop_maze" / "00.json"


def test_a_whole_shard(place):
    writing = shard(place)
    assert writing.pending(CASES) == CASES
    for case in CASES:
        save(writing, case)
    assert not place.exists()
    manifest = writing.finish(CASES, note="x")
    assert json.loads(place.read_text()) == manifest
    assert manifest["noun"] == "trajectory" and manifest["recipe"] == 1 and manifest["settings"] == SETTINGS
    assert manifest["forwards"] == 13.5 and manifest["seconds"] == 0.75 and manifest["note"] == "x"
    assert {"python", "torch", "diffusers"} <= set(manifest["versions"])
    assert manifest["folder"] == f"00.{manifest['settings_hash'][:8]}"

    reader = read_shard(place)
    assert reader.cases == CASES and reader.settings == SETTINGS
    tensors, metadata = reader.load("00002")
    assert torch.equal(tensors["latents"], torch.full((2, 3), 2.0))
    assert metadata["case"] == "00002" and metadata["settings_hash"] == manifest["settings_hash"]


def test_a_job_takes_up_what_an_earlier_one_saved(place):
    save(shard(place), "00001")
    later = shard(place)
    assert later.pending(CASES) == ["00000", "00002"]
    assert torch.equal(later.load("00001")[0]["latents"], torch.ones(2, 3))
    with pytest.raises(InputError, match="case 00000 is not in .*00[.][0-9a-f]{8}; run the job again"):
        later.finish(CASES)
    assert not place.exists()


OTHER = [{"settings": {"model": {"steps": 5}, "seeds": [1]}}, {"recipe": 2}]


@pytest.mark.parametrize("change", OTHER)
@pytest.mark.parametrize("finished", [True, False])
def test_work_of_other_settings_is_kept_and_taken_up_again(place, change, finished):
    def work(**settings):
        writing = shard(place, **settings)
        made = writing.pending(CASES[: None if finished else 2])
        for case in made:
            save(writing, case)
        if finished:
            writing.finish(CASES)
            assert read_shard(place).manifest["settings_hash"] == writing.settings_hash
        return made

    done = CASES if finished else CASES[:2]
    assert work() == done
    before = place.read_bytes() if finished else b""
    assert work(**change) == done
    assert work() == work(**change) == []  # A, then B, then A and B again: nothing is made twice
    assert work() == []
    assert not finished or place.read_bytes() == before


def test_an_item_of_another_case_is_not_taken_and_not_lost(place):
    one, other = dict.fromkeys(CASES, "1" * 64), {**dict.fromkeys(CASES, "1" * 64), "00001": "2" * 64}
    first = shard(place, identities=one)
    for case in CASES:
        save(first, case)
    first.finish(CASES)
    later = shard(place, identities=other)
    assert later.pending(CASES) == ["00001"]
    later.save("00001", {"latents": torch.zeros(1)}, {})
    later.finish(CASES)
    reader = read_shard(place)
    assert reader.identities == other and reader.load("00001")[0]["latents"].tolist() == [0]
    again = shard(place, identities=one)
    assert again.pending(CASES) == [] and torch.equal(again.load("00001")[0]["latents"], torch.ones(2, 3))


def test_a_shard_grows_and_shrinks_without_loss(place):
    for case in CASES[:2]:
        save(shard(place), case)
    shard(place).finish(CASES[:2])
    grown = shard(place)
    assert grown.pending(CASES) == ["00002"]
    save(grown, "00002")
    grown.finish(CASES)
    assert shard(place).finish(CASES[:1])["items"].keys() == {"00000"}
    assert shard(place).pending(CASES) == []


def test_killed_before_the_manifest(place):
    first = shard(place)
    for case in CASES:
        save(first, case)
    manifest = first.finish(CASES)
    place.unlink()
    again = shard(place)
    assert again.pending(CASES) == []
    assert again.finish(CASES)["items"] == manifest["items"]
    assert read_shard(place).load("00000")


def test_half_written_files_and_parts_that_served_are_dropped(place):
    writing = shard(place)
    save(writing, "00000")
    writing.save("00000", {"latents": torch.ones(1)}, {}, part="-until3")
    assert writing.pending(["00000"], "-until3") == [] and writing.pending(["00000"], "-until4") == ["00000"]
    writing.drop("00000", "-until3")
    (writing.folder / ".00001.safetensors.99.partial").write_bytes(b"half")
    writing.finish(["00000"])
    assert sorted(path.name for path in writing.folder.iterdir()) == ["00000.safetensors", "settings.json"]


def test_a_changed_item_is_refused(place):
    writing = shard(place)
    for case in CASES:
        save(writing, case)
    writing.finish(CASES)
    path = writing.folder / "00001.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    reader = read_shard(place)
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
    with pytest.raises(InputError, match="cannot write .*; choose a writable folder"):
        Shard(tmp_path / "file" / "00.json", "trajectory", {}, 1)


def test_a_killed_job_loses_the_case_in_flight_and_no_more(place):
    many = [f"{number:05d}" for number in range(2000)]
    code = (
        "import sys, torch; from chainofsteps.store.shards import Shard\n"
        "shard = Shard(sys.argv[1], 'trajectory', {}, 1)\n"
        f"for case in {many!r}: shard.save(case, {{'x': torch.full((50000,), float(case))}}, {{}})\n"
    )
    source = {**os.environ, "PYTHONPATH": str(Path(chainofsteps.__file__).parents[1])}
    job = subprocess.Popen([sys.executable, "-c", code, str(place)], env=source)
    while not any(place.parent.glob("00.*/00005.safetensors")) and job.poll() is None:
        time.sleep(0.01)
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    resumed = Shard(place, "trajectory", {}, 1)
    done = many[: -len(resumed.pending(many))]
    assert len(done) > 5 and resumed.pending(many) == many[len(done) :]
    for case in done:
        assert (resumed.load(case)[0]["x"] == float(case)).all()


def test_a_manifest_says_how_its_items_were_made(place, monkeypatch):
    writing, table = shard(place), place.with_name("00.csv")
    save(writing, "00000")
    monkeypatch.setattr(shards, "gpu", lambda: {"name": "NVIDIA H200", "driver": "570.86", "cuda": "12.8"})
    save(writing, "00001")
    monkeypatch.undo()
    table.write_text("case\n")
    manifest = shard(place).finish(CASES[:2], [table])  # by a job that made none of them
    first, second = manifest["items"].values()
    assert first["gpu"] is None and second["gpu"] == {"name": "NVIDIA H200", "driver": "570.86", "cuda": "12.8"}
    assert first["seconds"] == second["seconds"] == 0.25
    for case, item in manifest["items"].items():
        assert item["sha256"] == sha256(read_shard(place).path(case))
    assert manifest["tables"] == {"00.csv": sha256(table)}
    assert manifest["versions"] == provenance.versions() and manifest["commit"] == provenance.commit()
    assert manifest["attention_backend"] == "native"
    of_item = read_shard(place).load("00001")[1]
    assert json.loads(of_item["versions"]) == manifest["versions"] and of_item["attention_backend"] == "native"
    assert json.loads(of_item["gpu"]) == second["gpu"] and of_item["commit"] == provenance.commit()


ROWS = [{"run": "baseline", "score": 0.25}, {"run": "reseed", "score": float("nan")}]


def with_rows(place, cases=CASES[:2]):
    writing = shard(place)
    for case in cases:
        writing.save(case, {"score": torch.tensor([0.25])}, {}, rows=[{**row, "case": case} for row in ROWS])
    return writing


def test_rows_lie_beside_the_tensors_and_are_listed(place):
    writing = with_rows(place)
    assert [row["case"] for row in writing.rows("00001")] == ["00001"] * 2
    assert math.isnan(writing.rows("00000")[1]["score"]) and writing.rows("00000")[0] == {**ROWS[0], "case": "00000"}
    listed = writing.finish(CASES[:2])["items"]["00001"]
    reader = read_shard(place)
    tensors, rows = reader.files("00001").items()
    assert tensors == (reader.path("00001"), listed["sha256"]) and rows[0].name == listed["rows"]["file"]
    assert rows[1] == listed["rows"]["sha256"] == sha256(rows[0])
    assert not {"rows", "cka", "scores"} & set(reader.load("00001")[1])


def test_rows_that_were_written_before_the_tensors_are_no_item(place, monkeypatch):
    writing = shard(place)
    monkeypatch.setattr(shards, "save_tensors", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        writing.save("00000", {"score": torch.zeros(1)}, {}, rows=ROWS)
    assert [path.name for path in writing.folder.glob("00000*")] == ["00000.rows.json"]
    assert shard(place).pending(CASES) == CASES


@pytest.mark.parametrize("key, kept", [("rows", ROWS), ("cka", ROWS), ("scores", {"seed1": 0.5})])
def test_rows_of_an_earlier_version_are_taken_from_the_metadata(place, key, kept):
    save(shard(place), "00000")
    shard(place).save("00001", {"score": torch.zeros(1)}, {key: kept})
    later = shard(place)
    assert later.pending(CASES) == ["00002"]
    taken = later.rows("00001")
    assert str(taken) == str(kept if isinstance(kept, list) else [kept])  # nan is not equal to itself
    listed = later.finish(CASES[:2])["items"]
    assert "rows" in listed["00001"] and "rows" not in listed["00000"]
    with pytest.raises(InputError, match="00000.safetensors has no rows beside it; delete it and run again"):
        later.rows("00000")


def test_a_manifest_leads_to_no_rows_of_another_folder(place):
    with_rows(place).finish(CASES[:2])
    manifest = json.loads(place.read_text())
    manifest["items"]["00000"]["rows"]["file"] = "../secret.json"
    place.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="leads to '../secret.json', out of its folder"):
        read_shard(place).files("00000")


def test_shards_of_different_runs_are_read_as_one(place, tmp_path):
    for path, run in ((place, "00000-seed1"), (tmp_path / "other_seeds" / "00.json", "00000-seed2")):
        writing = Shard(path, path.parent.name, SETTINGS, 1, {run: ""})
        writing.save(run, {"latents": torch.full((2, 3), float(run[-1]))}, {"forwards": 1.0, "seconds": 0.1})
        writing.finish([run])
    other = tmp_path / "other_seeds" / "00.json"
    reader = read_shard(place, other)
    assert reader.cases == ["00000-seed1", "00000-seed2"] and reader.manifest == read_shard(place).manifest
    assert [reader.load(run)[0]["latents"][0, 0].item() for run in reader.cases] == [1.0, 2.0]
    with pytest.raises(InputError, match="00.json has no case 00000-seed3"):
        reader.load("00000-seed3")
    writing = Shard(other, "other_seeds", {**SETTINGS, "more": 1}, 1, {"00000-seed2": ""})
    writing.save("00000-seed2", {"latents": torch.ones(2, 3)}, {"forwards": 1.0, "seconds": 0.1})
    writing.finish(["00000-seed2"])
    with pytest.raises(InputError, match="were made with different settings; delete the older one"):
        read_shard(place, other)
