"""Finished results: verified, and taken from others."""

import shutil
from pathlib import Path

import pytest
import yaml

from chainofsteps.store.reader import read_shard
from tests.workflow.figure3 import SHARDED
from tests.workflow.running import files_of, jobs_of, rows_of, snakemake, verdict

# All tests of `drawn` read one run: pytest-xdist must keep them in one process.
pytestmark = pytest.mark.xdist_group("dag")


def test_verify_finds_results_whole_every_time_and_makes_nothing(drawn):
    folder, before = drawn[0], files_of(drawn[0])
    for _ in range(2):
        run = snakemake(folder, "--", "verify")
        assert run.returncode == 0, run.stdout
        broken, stale, count = verdict(run.stdout)
        assert (broken, stale) == ([], []) and len(count) == 1
        assert int(count[0].split()[0]) > 20 and jobs_of(run.stdout) == {"verify": 1}
    assert files_of(folder) == before


def test_verify_tells_stale_from_broken(drawn):
    change = {"models": {"tiny": {"shift": 5.0}}, "noise": {"restore_first_frame": False}}
    run = snakemake(drawn[0], "--", "verify", change=change)
    assert run.returncode == 0, run.stdout
    broken, stale, _ = verdict(run.stdout)
    path = "results/tiny/{}/loop_maze/00.json"
    assert broken == [] and [line.split(": ")[1] for line in stale] == [
        path.format(noun) for noun in ("noise", "score", "trajectory")
    ]
    noise, score, trajectory = stale
    assert "other settings (sampling)" in trajectory and "trajectory/loop_maze/00.json, which is stale" in noise
    assert "other settings (restore_first_frame)" in score


def test_verify_names_what_is_broken_and_fails_without_making_anything(drawn, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(drawn[0], folder)
    shard = read_shard(folder / "results/tiny/trajectory/loop_maze/00.json")
    item = shard.path(shard.cases[0])
    content = bytearray(item.read_bytes())
    content[-1] ^= 1
    item.write_bytes(content)
    (folder / "results/tiny/noise/loop_maze/00_cka.csv").unlink()
    for part in (folder / "results/tiny/score/loop_maze").glob("00.[jc]s*"):  # as if it had not been run yet
        part.unlink()
    before = files_of(folder)
    run = snakemake(folder, "--", "verify")
    assert run.returncode == 1 and "Traceback" not in run.stdout
    broken, stale, count = verdict(run.stdout)
    assert sorted(set(broken)) == broken and len(broken) == 2 and len(count) == 1
    table, manifest = "results/tiny/noise/loop_maze/00_cka.csv", "results/tiny/noise/loop_maze/00.json"
    assert broken[0] == f"broken: {table} is missing; delete {manifest} and run again to make it"
    assert broken[1].startswith(
        f"broken: {item.relative_to(folder)} differs from what {shard.manifest_path.relative_to(folder)}"
    )
    assert all("fig3_" in line and "is not there" in line for line in stale) and len(stale) == 2
    assert files_of(folder) == before


def test_results_of_others_are_taken_and_not_touched(drawn, tmp_path):
    theirs = drawn[0] / "results"
    config = yaml.safe_load((drawn[0] / "run.yaml").read_text())
    config["models"]["mine"] = config["models"].pop("tiny")
    config |= {"model": "mine", "shared": [str(theirs)]}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    before, target = files_of(drawn[0]), "results/mine/noise/loop_maze/00.json"
    run = snakemake(tmp_path, "--", target)
    assert run.returncode == 0, run.stdout
    for noun in SHARDED[:-1]:
        mine = read_shard(tmp_path / f"results/mine/{noun}/loop_maze/00.json")
        items = mine.manifest["items"].values()
        assert all(Path(item["shared"]).is_relative_to(theirs / "tiny" / noun) for item in items), noun
        log = tmp_path / f"results/mine/logs/{noun}/loop_maze/00.log"
        assert log.read_text() in run.stdout and "shared: " in log.read_text()
    cka = "noise/loop_maze/00_cka.csv"
    assert rows_of(tmp_path / "results/mine" / cka) == [
        {**row, "model": "mine"} for row in rows_of(theirs / "tiny" / cka)
    ]
    assert files_of(drawn[0]) == before
    # whose items they are is no reason to run a job again
    del config["shared"]
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    assert "Nothing to be done" in snakemake(tmp_path, "--", target).stdout
