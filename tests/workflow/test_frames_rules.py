"""Frame counts, Figure 8 and the paper's tables of the run of everything."""

import shutil

import pandas as pd
import pytest
import torch

from chainofsteps.files import read_json
from chainofsteps.probes.frames.count import at_counts
from chainofsteps.store.reader import read_shard
from tests.workflow.everything import CASES, COUNTS, FEW, SKILL, STEPS
from tests.workflow.running import rows_of, snakemake

pytestmark = pytest.mark.xdist_group("all")


def test_forwards_are_those_of_the_plan_and_say_their_size(finished):
    manifest = read_json(finished / "results/two/frames/loop_maze/00.json")
    assert manifest["forwards"] == CASES * at_counts(COUNTS, 17, STEPS).planned == CASES * 2 * STEPS
    assert manifest["tokens_per_forward"] == {"5": [32], "9": [48]}
    assert set(manifest["items"]) == {f"{case:05d}-seed1-frames{count}" for case in range(CASES) for count in (5, 9)}


def test_own_count_comes_from_the_trajectory(finished):
    rows = pd.read_csv(finished / "results/two/frames_score/loop_maze/00.csv", dtype={"case": str})
    assert sorted(set(rows.frames)) == COUNTS and rows.groupby("frames").tokens.first().tolist() == [32, 48, 80]
    own = rows[rows.own].sort_values("case")
    few = pd.read_csv(finished / "results/two/few_steps_score/loop_maze/00.csv", dtype={"case": str})
    assert set(own.frames) == {17}
    assert own.score.tolist() == pytest.approx(few[few.steps == STEPS].sort_values("case").score.tolist())
    assert (rows.floor_static == 0).all() and rows.ground_truth.notna().all()


def test_a_shorter_run_starts_from_the_first_part_of_the_noise(finished):
    frames = read_shard(finished / "results/two/frames/loop_maze/00.json")
    trajectory = read_shard(finished / "results/two/trajectory/loop_maze/00.json")
    latents = frames.load("00000-seed1-frames9")[0]["latents"]
    own = trajectory.load("00000-seed1")[0]["latents"][0]
    assert latents.shape == (1, 16, 3, 8, 8)
    correlation = torch.corrcoef(torch.stack([latents.flatten(), own[:, :3].flatten()]))[0, 1]
    assert correlation > 0.5  # a random model moves little from where it starts


def test_table_and_figure_hold_every_count(finished):
    rows = rows_of(finished / "tables/frames.csv")
    assert [(row["task"], row["frames"], row["own"]) for row in rows] == [
        ("loop_maze", "5", "False"),
        ("loop_maze", "9", "False"),
        ("loop_maze", "17", "True"),
    ]
    assert all(row["n"] == str(CASES) and row["score_difference"] and row["floor_noise"] for row in rows)
    points = pd.read_csv(finished / "figures/fig8_points.csv")
    shown = points[points.task == "loop_maze"].groupby("setting").value.apply(sorted).to_dict()
    assert shown == {"frames": COUNTS, "steps": FEW}
    assert (finished / "figures/fig8.png").stat().st_size > 0
    assert "not a checkpoint distilled" in (finished / "figures/fig8_caption.rst").read_text()


def test_tables_quote_and_measure(finished):
    for name, quoted, measured in (("tableA2", 4, len(COUNTS)), ("tableA3", 2, 2)):
        table = pd.read_csv(finished / f"tables/{name}.csv")
        assert table.source.value_counts().to_dict() == {"quoted, second-hand": quoted, "measured": measured}
        assert "quoted" in (finished / f"tables/{name}.md").read_text()
        assert r"\bottomrule" in (finished / f"tables/{name}.tex").read_text()


def test_table_1_is_made_of_the_skill_of_the_puzzles_asked_for(finished):
    table = pd.read_csv(finished / "tables/table1.csv").set_index("model")
    assert (table.loc["two", "tasks"], table.loc["two", "n"]) == (len(SKILL), len(SKILL))
    assert table.loc["two", "id_abstraction"] >= 0 and table.loc["VBVR-Wan2.2", "overall"] == 0.685


def test_a_count_that_no_video_has_stops_before_anything_runs(finished):
    run = snakemake(finished, "-n", "--", "tables/frames.csv", change={"frames": {"counts": [5, 21]}})
    assert run.returncode != 0 and "Traceback" not in run.stdout
    assert "error: frames.counts: 21 frames are more than the 17 of the video; leave it out" in run.stdout


def test_another_seed_has_scores_of_its_own(finished, tmp_path):
    folder, target = tmp_path / "run", "results/two/few_steps_score/loop_maze/00.csv"
    shutil.copytree(finished, folder)
    run = snakemake(folder, "--", target, change={"trajectory": {"seeds": [1, 3]}})
    assert run.returncode == 0, run.stdout
    rows = pd.read_csv(folder / target)
    assert rows.groupby("seed").size().to_dict() == {1: CASES * len(FEW), 3: CASES * len(FEW)}
