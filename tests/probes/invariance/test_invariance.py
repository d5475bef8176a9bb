"""Planted variances: of x0_pred at the first step, and of the finished latents."""

import numpy as np
import pytest
import torch

from chainofsteps.model import schedule
from chainofsteps.probes.invariance.table import COLUMNS, table, variances
from chainofsteps.run.trajectory import Trajectory
from chainofsteps.store.reader import read_shard
from chainofsteps.store.shards import Shard

SHAPE, SIGMAS = (4, 3, 4, 4), schedule.sigmas(4, 3.0)


def run(seed: int, first: float, final: float) -> Trajectory:
    """From noise towards `first` x a pattern of the seed at step 0, and from then on to `final` x another."""
    draw = torch.Generator().manual_seed(seed)
    noise, early, late = (torch.randn(1, *SHAPE, generator=draw) for _ in range(3))
    latents = [noise]
    for step in range(4):
        goal = first * early if step == 0 else final * late
        latents.append(latents[-1] + (SIGMAS[step + 1] - SIGMAS[step]) * (latents[-1] - goal) / SIGMAS[step])
    return Trajectory(torch.cat(latents), SIGMAS)


def test_variances_are_those_that_were_planted():
    found = variances([run(seed, 0.5, 2.0) for seed in range(40)])
    assert found["first"] == pytest.approx(0.25, rel=0.05) and found["final"] == pytest.approx(4, rel=0.05)
    same = variances([run(seed, 0.0, 2.0) for seed in range(3)])
    assert same["first"] == pytest.approx(0, abs=1e-9)


def test_the_table_has_a_row_for_each_case(tmp_path):
    shard = Shard(tmp_path / "00.json", "trajectory", {}, 1)
    names = {f"{case}-seed{seed}": (case, seed) for case in ("00000", "00001") for seed in (1, 2)}
    for name, (case, seed) in names.items():
        shard.save(name, run(10 * int(case) + seed, 0.1, 1.0).to_tensors(), {})
    shard.finish(list(names))
    cases = {"task": "maze", "kind": "multi", "cases": {"00000": {}, "00001": {}}}
    found = table([(read_shard(tmp_path / "00.json"), cases)], [1, 2])
    assert list(found.columns) == COLUMNS and found.case.tolist() == ["00000", "00001"] and set(found.seeds) == {2}
    assert np.allclose(found["first"] / found.final, 0.01, rtol=0.6)
