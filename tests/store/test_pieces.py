import pytest
import torch

from chainofsteps.model import schedule
from chainofsteps.store.pieces import Kept, pieces, stretches
from chainofsteps.store.reader import read_shard
from chainofsteps.store.shards import Shard

SIGMAS = schedule.sigmas(6, 3.0)  # 1, 0.9375, 0.857, 0.75, 0.6, 0.375, 0
RUNS = ["a", "b"]


def shard(folder):
    return Shard(folder / "00.json", "noise", {"amplitude": 1.0}, 1)


def work(folder, boundary, most=99, at_once=None):
    """Take up to `most` pieces; each adds its steps to what was there before. (run, start, stop) of each."""
    taken = []
    for piece in pieces(shard(folder), dict.fromkeys(RUNS, SIGMAS), boundary, at_once):
        if len(taken) == most:
            break
        before = piece.before.get("steps", torch.zeros(0, dtype=torch.int64))
        steps = torch.cat([before, torch.arange(piece.start, piece.stop)])
        piece.save(Kept({"steps": steps}, piece.stop - piece.start, metadata={"case": piece.run}))
        taken.append((piece.run, piece.start, piece.stop))
    return taken


@pytest.mark.parametrize(
    "boundary, expected",
    [
        (None, [(0, 6)]),
        (0.8, [(0, 3), (3, 6)]),
        (0.75, [(0, 4), (4, 6)]),
        (0.1, [(0, 6)]),
        (0.999, [(0, 1), (1, 6)]),
    ],
)
def test_stretches_are_the_steps_of_one_expert(boundary, expected):
    found = stretches(SIGMAS, boundary)
    assert [(start, stop) for _, start, stop in found] == expected
    for name, start, stop in found:
        assert {schedule.expert(1000 * SIGMAS[step], boundary) for step in range(start, stop)} == {name}


def test_long_stretches_are_cut():
    assert stretches(SIGMAS, 0.75, 3) == [("high", 0, 3), ("high", 3, 4), ("low", 4, 6)]
    assert stretches(SIGMAS, None, 99) == [("high", 0, 6)]


def test_runs_of_other_numbers_of_steps_meet_each_expert_once(tmp_path):
    runs = {"short": schedule.sigmas(2, 3.0), "long": SIGMAS}
    taken = []
    for piece in pieces(shard(tmp_path), runs, 0.75):
        taken.append((piece.run, piece.start, piece.stop))
        piece.save(Kept({"steps": torch.zeros(1)}, 1))
    assert taken == [("short", 0, 2), ("long", 0, 4), ("long", 4, 6)]


def test_all_runs_of_one_expert_before_the_next(tmp_path):
    assert work(tmp_path, 0.8) == [("a", 0, 3), ("b", 0, 3), ("a", 3, 6), ("b", 3, 6)]
    shard(tmp_path).finish(RUNS)
    finished = read_shard(tmp_path / "00.json")
    assert finished.cases == RUNS  # what was kept between experts is gone
    kept = sorted(path.name for path in shard(tmp_path).folder.glob("*.safetensors"))
    assert kept == ["a.safetensors", "b.safetensors"]
    assert finished.load("a")[0]["steps"].tolist() == [0, 1, 2, 3, 4, 5]
    assert finished.manifest["forwards"] == 12
    assert finished.manifest["seconds"] > 0


@pytest.mark.parametrize("most", range(5))
def test_killed_anywhere_it_goes_on_with_the_next_piece(tmp_path, most):
    whole = [("a", 0, 3), ("b", 0, 3), ("a", 3, 6), ("b", 3, 6)]
    assert work(tmp_path, 0.8, most) == whole[:most]
    assert work(tmp_path, 0.8) == whole[most:]
    assert work(tmp_path, 0.8) == []
    shard(tmp_path).finish(RUNS)
    assert read_shard(tmp_path / "00.json").manifest["forwards"] == 12
    # made again from a whole shard, such as after its manifest was deleted: nothing is left to do
    assert work(tmp_path, 0.8) == []


@pytest.mark.parametrize("most", range(7))
def test_a_long_stretch_loses_no_more_than_a_piece(tmp_path, most):
    whole = [("a", 0, 2), ("a", 2, 4), ("b", 0, 2), ("b", 2, 4), ("a", 4, 6), ("b", 4, 6)]
    assert work(tmp_path, 0.75, most, at_once=2) == whole[:most]
    left = work(tmp_path, 0.75, at_once=2)
    assert left == whole[most:]
    shard(tmp_path).finish(RUNS)
    finished = read_shard(tmp_path / "00.json")
    assert finished.manifest["forwards"] == 12 and finished.load("b")[0]["steps"].tolist() == [0, 1, 2, 3, 4, 5]
    assert sorted(path.name for path in shard(tmp_path).folder.glob("*.safetensors")) == [
        "a.safetensors",
        "b.safetensors",
    ]
