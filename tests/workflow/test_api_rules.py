"""What a notebook computes is what the workflow computed: latents, dissimilarity and scores, bit for bit."""

import pytest
import torch

import chainofsteps as cos
from chainofsteps.config.read import load_config
from chainofsteps.probes.noise.spec import expand
from chainofsteps.store.reader import read_shard
from tests.workflow.figure3 import FRAMES, STEPS
from tests.workflow.running import rows_of

pytestmark = pytest.mark.xdist_group("dag")


@pytest.fixture(scope="module")
def made(drawn):
    """The second case of the shared run, once more: its folder, the configuration, run and sweep by the API."""
    folder, _ = drawn
    config = load_config(folder / "run.yaml")
    model = cos.load("tiny", config=folder / "run.yaml", device="cpu")
    case = cos.puzzle("loop_maze", seed=config["cases"]["first_seed"] + 1)
    runs = {seed: model.run(case, seed) for seed in (1, config["trajectory"]["null_seed"])}
    interventions = expand(config["noise"], STEPS, FRAMES)
    return folder, runs, interventions, cos.sweep(runs[1], interventions, null=runs[2])


def test_runs(made):
    folder, runs, *_ = made
    stored = read_shard(folder / "results/tiny/trajectory/loop_maze/00.json")
    for seed, run in runs.items():
        assert torch.equal(run.latents, stored.load(f"00001-seed{seed}")[0]["latents"])


def test_sweep(made):
    folder, _, interventions, table = made
    stored = read_shard(folder / "results/tiny/noise/loop_maze/00.json").load("00001-seed1")[0]
    assert len(interventions) == 2 * (STEPS + FRAMES)
    for one in interventions:
        assert torch.equal(table.tensors[one.name()], stored[one.name()]), one


def test_tables(made):
    folder, _, interventions, table = made
    tables = folder / "results/tiny/tables"
    cka = [row for row in rows_of(tables / "fig3_cka.csv") if row["case"] == "00001" and row["features"] == "latents"]
    assert [float(row["dissimilarity"]) for row in cka] == pytest.approx(table.dissimilarity.tolist(), abs=1e-12)
    scores = [row for row in rows_of(tables / "fig3_scores.csv") if row["case"] == "00001"]
    perturbed = [float(row["score"]) for row in scores if row["run"].startswith("noise_at")]
    assert perturbed == table.drop_duplicates("name").score.tolist()[: len(interventions)]
