"""Figure 3 on a 2-layer model with random weights: one puzzle, two cases, four steps."""

import json
import os
import re
import shutil
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from chainofsteps.config.read import load_config
from chainofsteps.files import read_json
from chainofsteps.plan.target import plan_of
from chainofsteps.probes.noise.spec import expand
from chainofsteps.store.reader import read_shard
from tests.workflow.figure3 import CASES, FRAMES, SHARDED, STEPS
from tests.workflow.running import jobs_of, rows_of, snakemake

# All tests of `drawn` read one run: pytest-xdist must keep them in one process.
pytestmark = pytest.mark.xdist_group("dag")


def test_makes_the_figure_and_says_so(drawn):
    folder, output = drawn
    for name in ("fig3.pdf", "fig3.png", "fig3_scores.csv", "fig3_cka.csv"):
        assert (folder / "figures" / name).stat().st_size > 0
        assert f"figures/{name}" in output
    assert (folder / "figures" / "fig3.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "figures" / "fig3.txt").read_text().splitlines()[0] in output


def test_tables_have_every_run(drawn):
    folder, _ = drawn
    tables = folder / "results" / "tiny" / "tables"
    scores = rows_of(tables / "fig3_scores.csv")
    per_case = {"baseline": 1, "reseed": 1, "ground_truth": 1, "floor_static": 1, "floor_noise": 1}
    per_case |= {"noise_at_step": 2 * STEPS, "noise_at_frame": 2 * FRAMES}
    counts = {run: sum(row["run"] == run for row in scores) for run in per_case}
    assert counts == {run: CASES * count for run, count in per_case.items()}
    assert all(row["kind"] == "multi" and row["task"] == "loop_maze" for row in scores)
    assert {row["case"] for row in scores} == {"00000", "00001"}
    assert {row["latent_frames"] for row in scores} == {str(FRAMES)}
    cka = rows_of(tables / "fig3_cka.csv")
    # noise at step s is followed over steps s..S-1, noise at frame and the re-seed null over all; x0_pred and latents
    expected = {"noise_at_step": STEPS * (STEPS + 1), "noise_at_frame": 2 * FRAMES * STEPS, "reseed": STEPS}
    assert {run: sum(row["run"] == run for row in cka) for run in expected} == {
        run: 2 * CASES * count for run, count in expected.items()
    }


def test_forwards_that_ran_are_those_of_the_plan(drawn, tmp_path):
    folder, _ = drawn
    costs = plan_of(load_config(folder / "run.yaml"), ["figures/fig3.pdf"], tmp_path).counted
    planned = {cost.job.rule: cost.forwards.planned for cost in costs}
    ran = {rule: read_json(folder / f"results/tiny/{rule}/loop_maze/00.json")["forwards"] for rule in planned}
    assert {"trajectory", "noise"} == set(ran) and ran == pytest.approx(planned, abs=1e-9)


def test_a_shard_is_of_its_inputs(drawn):
    """What a resume folder is stamped with holds, through the chain, all that its numbers depend on."""
    folder, _ = drawn
    of = {rule: read_json(folder / f"results/tiny/{rule}/loop_maze/00.json") for rule in SHARDED}
    model = read_json(folder / "results/model/tiny.json")
    cases = read_json(folder / "results/cases/loop_maze/00.json")
    assert of["conditioning"]["settings"]["model"] == of["trajectory"]["settings"]["model"] == model["identity"]
    for rule in SHARDED:
        for item, entry in of[rule]["items"].items():
            assert entry["identity"] == cases["cases"][item.split("-")[0]]["identity"]
    assert {"model_index.json", "tokenizer/tokenizer.json"} <= set(model["files"])
    for before, after in pairwise(SHARDED):
        assert of[after]["settings"][before] == of[before]["settings_hash"]


def test_outputs_say_the_settings_in_force(drawn):
    folder, _ = drawn
    for rule in ("trajectory", "noise", "score"):
        reader = read_shard(folder / f"results/tiny/{rule}/loop_maze/00.json")
        of_item = reader.load(reader.cases[0])[1]
        for said in (reader.manifest, {**of_item, "sampling": json.loads(of_item["sampling"])}):
            assert said["attention_backend"] == "native"
            assert said["sampling"]["device"] in ("cpu", "cuda")  # not auto
            assert (said["sampling"]["guidance_scale"], said["sampling"]["timestep_dtype"]) == (1.0, "float32")


def test_second_run_does_nothing(drawn):
    folder, _ = drawn
    assert "Nothing to be done" in snakemake(folder, "--", "figures/fig3.pdf").stdout


AFTER_NOISE = {"score", "fig3_scores", "fig3_cka", "fig3"}
CHANGES = [
    ({"statistics": {"level": 0.9}}, {"fig3"}),
    ({"similarity": {"sensitivity": "final"}}, {"fig3"}),
    ({"noise": {"restore_first_frame": False}}, {"score", "fig3_scores", "fig3"}),
    ({"models": {"tiny": {"device": "cpu"}}}, set()),
    ({"models": {"tiny": {"batch_size": 3}}}, {"noise", *AFTER_NOISE}),
    ({"similarity": {"kernel": "rbf"}}, {"noise", *AFTER_NOISE}),
    ({"noise": {"operators": ["add"]}}, {"noise", *AFTER_NOISE}),
    ({"trajectory": {"null_seed": 7}}, {"trajectory", "noise", *AFTER_NOISE}),
    ({"models": {"tiny": {"shift": 5.0}}}, {"trajectory", "noise", *AFTER_NOISE}),
    (
        {"models": {"tiny": {"max_sequence_length": 16}}},
        {"conditioning", "trajectory", "noise", *AFTER_NOISE},
    ),
    ({"cases": {"first_seed": 5}}, {"cases", "conditioning", "trajectory", "noise", *AFTER_NOISE}),
    ({"models": {"embedded": {"steps": 7}}}, set()),
]


@pytest.mark.parametrize("change, rules", CHANGES, ids=[str(change) for change, _ in CHANGES])
def test_a_changed_setting_reruns_only_what_depends_on_it(drawn, change, rules):
    run = snakemake(drawn[0], "-n", "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 0, run.stdout
    assert set(jobs_of(run.stdout)) == rules


def test_more_cases_are_new_shards_only(drawn):
    run = snakemake(drawn[0], "-n", "--", "figures/fig3.pdf", change={"cases": {"number": 2 * CASES}})
    assert jobs_of(run.stdout) == dict.fromkeys(["cases", *SHARDED, "fig3_scores", "fig3_cka", "fig3"], 1)


def test_model_index_and_tokenizer_are_inputs(drawn):
    dry = snakemake(drawn[0], "-n", "--quiet", "host", "--force", "results/model/tiny.json").stdout
    (inputs,) = re.findall(r"^ +input: (.*)$", dry, re.M)
    names = {"/".join(Path(path).parts[-2:]) for path in inputs.split(", ")}
    assert {"one/model_index.json", "tokenizer/tokenizer.json", "vae/config.json"} <= names


def test_a_grown_shard_makes_only_what_is_new(drawn, tmp_path):
    folder, target = tmp_path / "run", "results/tiny/trajectory/loop_maze/00.json"
    shutil.copytree(drawn[0], folder)

    def written():
        reader = read_shard(folder / target)
        return {case: reader.path(case).stat().st_mtime_ns for case in reader.cases}

    before = written()
    grown = snakemake(folder, "--", target, change={"cases": {"number": 3, "shard_size": 3}})
    assert grown.returncode == 0, grown.stdout
    after = written()
    assert len(after) == 6 and before == {case: after[case] for case in before}


def test_killed_shard_goes_on_where_it_was(drawn, tmp_path):
    undisturbed, folder = drawn[0], tmp_path / "run"
    shutil.copytree(undisturbed, folder)  # with Snakemake's own records, times kept
    target = "results/tiny/noise/loop_maze/00.json"
    before = read_shard(undisturbed / target)
    items = folder / target.replace("00.json", before.manifest["folder"])
    for path in (folder / target, folder / target.replace(".json", "_cka.csv")):
        path.unlink()
    shutil.rmtree(items)

    run = snakemake(folder, "--", target, wait=False)
    first = items / before.path(before.cases[0]).name
    while not first.exists():
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    kept = {path.name: path.stat().st_mtime_ns for path in items.glob("*.safetensors")}
    assert first.name in kept and not (folder / target).exists()

    assert snakemake(folder, "--unlock").returncode == 0
    again = snakemake(folder, "--", target)
    assert again.returncode == 0, again.stdout
    after = read_shard(folder / target)
    for name, written in kept.items():
        assert (items / name).stat().st_mtime_ns == written
    assert after.path(after.cases[0]).parent.samefile(items)
    assert after.cases == before.cases
    for case in before.cases:
        one, other = before.load(case)[0], after.load(case)[0]
        assert one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)
    table = target.replace(".json", "_cka.csv")
    assert (folder / table).read_bytes() == (undisturbed / table).read_bytes()
    interventions = expand(load_config(folder / "run.yaml")["noise"], STEPS, FRAMES)
    assert set(one) == {intervention.name() for intervention in interventions}
