"""Probes beside the noise, in the run of everything: x0_pred, few steps, pictures, Figure 1."""

import pandas as pd
import pytest
import torch

from chainofsteps.files import load_tensors, read_json
from chainofsteps.store.reader import read_shard
from tests.workflow.everything import CASES, STEPS, panels
from tests.workflow.running import rows_of, snakemake

pytestmark = pytest.mark.xdist_group("all")


def test_figure_1_is_drawn_from_both_seeds(finished):
    assert (finished / "figures/fig1.pdf").read_bytes().startswith(b"%PDF")
    assert "case 00001, seed 2" in (finished / "figures/fig1_caption.rst").read_text()
    kept = load_tensors(finished / "results/two/panels/fig1.safetensors")[0]
    assert kept["fig1b-pictures"].shape == (2, 2, 64, 64, 3) and kept["fig1b-pictures"].dtype == torch.uint8
    assert kept["fig1b-sigmas"][0] == 1.0


def test_x0_pred_of_the_last_step_is_the_final_video(finished):
    rows = pd.read_csv(finished / "results/two/x0_pred/loop_maze/00.csv", dtype={"case": str})
    assert len(rows) == CASES * 2 * STEPS and set(rows.seed) == {1, 2}
    masses = pd.read_csv(finished / "results/two/x0_pred/loop_maze/00_masses.csv")
    assert masses.mass.between(0, 1).all() and masses.right.all()  # of a maze with loops every candidate is right
    final = rows[(rows.step == STEPS - 1) & (rows.seed == 1)].sort_values("case").score
    few = pd.read_csv(finished / "results/two/few_steps_score/loop_maze/00.csv", dtype={"case": str})
    assert few[few.steps == STEPS].sort_values("case").score.tolist() == pytest.approx(final.tolist())


def test_few_steps_run_no_forward_that_has_been_run(finished):
    """The model's own number of steps comes from its trajectories; the others cost their steps and no more."""
    manifest = read_json(finished / "results/two/few_steps/loop_maze/00.json")
    assert manifest["forwards"] == CASES * 2
    assert set(manifest["items"]) == {f"{case:05d}-seed1-steps2" for case in range(CASES)}
    assert {row["steps"] for row in rows_of(finished / "tables/few_steps.csv")} == {"2", "4"}


def test_few_steps_start_from_the_noise_of_the_trajectory(finished):
    few = read_shard(finished / "results/two/few_steps/loop_maze/00.json")
    trajectory = read_shard(finished / "results/two/trajectory/loop_maze/00.json")
    latents = few.load("00000-seed1-steps2")[0]["latents"]
    own = trajectory.load("00000-seed1")[0]["latents"]
    correlation = torch.corrcoef(torch.stack([latents.flatten(), own[0].flatten()]))[0, 1]
    assert correlation > 0.5  # a random model moves little from where it starts
    assert not torch.equal(latents, own[-1:])


@pytest.mark.parametrize(
    ("change", "words"),
    [({"steps": [0, STEPS]}, f"shows step {STEPS}"), ({"case": "00002"}, "shows case '00002'")],
)
def test_a_panel_of_what_is_not_there_stops_before_anything_runs(finished, change, words):
    run = snakemake(finished, "-n", "--", "figures/fig1.pdf", change={"panels": panels(**change)})
    assert run.returncode != 0 and words in run.stdout and "Traceback" not in run.stdout
