"""Runs of an ideal denoiser, stored and weighed as a model's: they choose and search nothing."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from chainofsteps.model import schedule
from chainofsteps.names import RunId
from chainofsteps.probes.candidates import table
from chainofsteps.probes.candidates.calibration import items, means, table_of, teacher_forced
from chainofsteps.probes.candidates.ideal import IdealVelocity, ideal_noise, ideal_run
from chainofsteps.probes.candidates.job import weigh_run
from chainofsteps.probes.candidates.rows import flat, stored
from chainofsteps.run.denoise import initial_latents
from chainofsteps.run.trajectory import record
from chainofsteps.store.reader import read_shard
from chainofsteps.store.shards import Shard

SHAPE = (4, 3, 4, 4)
NAMES, RIGHT = ["left", "right", "wall"], [True, True, False]
SIGMAS = schedule.sigmas(20, 3.0)
SEEDS = range(1, 7)
STATISTICS = {"resamples": 100, "level": 0.95, "seed": 0}
NOISE = {"schemes": ["step", "frame"], "operators": ["renoise"], "steps": [1, 12], "frames": [1], "timing": "before"}
NOISE |= {"amplitude": 1.0, "noise": "fixed", "noise_seed": 1000}
SIMILARITY = {"features": ["latents"], "kernel": "linear", "unbiased": True}


def latents(distance: float) -> torch.Tensor:
    drawn = torch.from_numpy(np.random.default_rng(0).normal(size=(3, *SHAPE))).float()
    return drawn * distance / np.sqrt(2 * np.prod(SHAPE))


def noise(seed: int) -> torch.Tensor:
    return torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Shards of answers and of trajectories of one case; the network is the ideal denoiser."""
    place = tmp_path_factory.mktemp("ideal")
    answers = Shard(place / "answers" / "00.json", "answers", {}, 1)
    rows = [{"candidate": name, "right": right} for name, right in zip(NAMES, RIGHT, strict=True)]
    answers.save("00000", {"latents": latents(12.0)}, {}, rows=rows)
    answers.finish(["00000"])
    read = read_shard(place / "answers" / "00.json")
    velocity = IdealVelocity(stored(read, "00000"), SIGMAS)
    trajectories = Shard(place / "trajectory" / "00.json", "trajectory", {}, 1)
    runs = [RunId("maze", "00000", seed) for seed in SEEDS]
    for run in runs:
        trajectories.save(run.name, record(velocity, noise(run.seed), SIGMAS, run.label).to_tensors(), {})
    trajectories.finish([run.name for run in runs])
    return read, read_shard(place / "trajectory" / "00.json"), runs


def test_a_stored_ideal_run_has_the_weights_of_the_ideal_denoiser(shards):
    answers, trajectories, runs = shards
    for run in runs:
        rows = weigh_run(answers, trajectories, run)
        assert len(rows) == 20 and rows[0]["right"] == ["left", "right"] and rows[0]["answer"] != "wall"
        assert rows[0]["answer_ideal"] == rows[0]["answer"]
        for row in rows:
            assert list(row["model"].values()) == pytest.approx(list(row["observer_right"].values()), abs=2e-3)
            assert row["bits_behind"] == pytest.approx(0, abs=0.02) and row["residual"] < 1e-4
        assert rows[0]["observer_right"] == pytest.approx({"left": 0.5, "right": 0.5, "wall": 0}, abs=1e-6)
        assert rows[0]["observer_all"]["wall"] == pytest.approx(1 / 3)
        assert rows[0]["distance"] == pytest.approx(float((latents(12.0)[0] - latents(12.0)[1]).norm()), rel=1e-4)


def test_tables_of_ideal_runs_show_choice_alone(shards):
    answers, trajectories, runs = shards
    found = [
        table.of_run(rows, rows[0]["right"], rows[0]["distance"])
        for rows in (weigh_run(answers, trajectories, r) for r in runs)
    ]
    for steps, run in found:
        rivals = np.array([[step["rivals_model"], step["rivals_observer"]] for step in steps])
        assert np.abs(rivals[:, 0] - rivals[:, 1]).max() < 5e-3 and rivals[0, 0] == pytest.approx(0.5, abs=1e-3)
        assert steps[0]["right_model"] == pytest.approx(1, abs=1e-3) and steps[0]["right_observer"] == pytest.approx(
            2 / 3
        )
        assert steps[0]["gain"] == pytest.approx(np.log2(1.5), abs=5e-3)
        assert run["commitment_model"] == run["commitment_observer"] <= 20 and run["answer_right"]
        assert (SIGMAS[:-1].numpy() > run["law_sigma"]).sum() == run["law_step"]
    columns = {"model": "m", "task": "maze", "kind": "multi", "case": "00000"}
    whole = pd.DataFrame([{**columns, "seed": run.seed, **row} for run, (_, row) in zip(runs, found, strict=True)])
    assert set(whole.columns) == set(table.RUN_COLUMNS)


def test_a_run_that_ends_elsewhere_is_left_out(shards):
    answers, trajectories, runs = shards
    row = {"model": "m", "task": "maze", "kind": "multi", "case": "00000"}
    whole = pd.DataFrame([{**row, "seed": seed, "answer_residual": 0.3 + seed / 2} for seed in (1, 2)])
    assert table.reliable(whole).seed.tolist() == [1]


def test_the_noise_probe_runs_the_ideal_denoiser(shards):
    answers, trajectories, runs = shards
    rows = pd.DataFrame(ideal_noise(answers, trajectories, runs[0], null_seed=2, noise=NOISE, similarity=SIMILARITY))
    assert set(rows.run) == {"noise_at_step", "reseed"} and set(rows.case) == {"00000"}
    last = rows[rows.later_step == 19].set_index("step").dissimilarity
    assert last[12] == pytest.approx(0, abs=1e-3)  # committed long before: new noise changes nothing
    layers = ideal_noise(answers, trajectories, runs[0], 2, NOISE, {**SIMILARITY, "features": ["block:1"]})
    assert pd.DataFrame(layers).dissimilarity.tolist() == rows.dissimilarity.tolist()


def test_the_ideal_run_starts_from_the_noise_of_the_model(shards):
    answers, trajectories, runs = shards
    candidates = stored(answers, "00000")
    of = record(lambda x, step: x * 0, noise(3), SIGMAS, "another model's")
    assert torch.equal(ideal_run(candidates, of, "maze/00000").at(0), noise(3))
    assert candidates.names[candidates.nearest(flat(ideal_run(candidates, of, "maze/00000").at(20)))] in NAMES[:2]


def test_the_ideal_denoiser_is_calibrated_where_no_run_leads(shards):
    answers, _, _ = shards
    seen, ideal = [], IdealVelocity(stored(answers, "00000"), SIGMAS)

    def velocity(noisy, step):
        seen.append(noisy)
        return ideal(noisy, step)

    network = SimpleNamespace(
        sigmas=SIGMAS,
        conditioning=lambda case: SimpleNamespace(latents_shape=(1, *SHAPE)),
        velocity=lambda conditioning, counter: velocity,
    )
    asked = items("maze", ["00000"], [7, 8], [0, 6, 12])
    assert [step for _, step in asked.values()] == [0, 0, 6, 6, 12, 12] and len(asked) == 6
    found = {name: teacher_forced(network, answers, *of)[1] for name, of in asked.items()}
    rows = table_of(found, asked, {"model": "m", "task": "maze", "kind": "multi"})
    eps = initial_latents((1, *SHAPE), "maze/00000", 7, False)
    assert torch.allclose(seen[2], (1 - SIGMAS[6]) * latents(12.0)[:2] + SIGMAS[6] * eps)
    assert len(rows) == 12 and rows.weight.to_numpy() == pytest.approx(rows.observer.to_numpy(), abs=2e-3)
    assert rows[rows.step == 0].observer.tolist() == pytest.approx([0.5] * 4)
    assert (rows[rows.step == 12].observer > 0.99).all()  # made from the answer that is asked for
    assert means(rows[:0], STATISTICS).empty  # where no puzzle has several right answers
    curves = means(rows, STATISTICS).set_index("quantity")
    weight, behind = curves.loc["weight"], curves.loc["bits_behind"]
    assert weight["mean"].to_numpy() == pytest.approx(weight["at"].to_numpy(), abs=2e-3)
    assert weight.n.sum() == 12 and weight.cases.max() == 1
    assert behind["at"].tolist() == [0, 6, 12] and behind["mean"].to_numpy() == pytest.approx([0] * 3, abs=0.02)
