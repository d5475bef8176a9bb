"""The DAG on a 2-layer model with random weights: one puzzle, two cases, four steps."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from chainofsteps.config import load_config
from chainofsteps.files import read_json
from chainofsteps.interventions import expand
from chainofsteps.plan.target import plan_of
from chainofsteps.shards import read_shard

ROOT = Path(__file__).parents[2]
STEPS, FRAMES, CASES = 4, 5, 2
SHARDED = ["conditioning", "trajectory", "noise", "score"]
# All of this file's tests read one run: pytest-xdist must keep them in one process.
pytestmark = pytest.mark.xdist_group("dag")


def snakemake(folder, *arguments, change=None, wait=True):
    """Snakemake in a working folder, by default until it ends; stdout and stderr together as text.

    change: what is different from run.yaml, laid over it.
    """
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        ROOT / "Snakefile",
        "--directory",
        folder,
        "--cores",
        "2",
    ]
    configs = [folder / "run.yaml"]
    if change is not None:
        configs.append(folder / "change.yaml")
        configs[-1].write_text(yaml.safe_dump(change))
    command = [*map(str, [*command, "--nocolor", "--configfile", *configs]), *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    if not wait:
        return subprocess.Popen(command, start_new_session=True, **streams)
    return subprocess.run(command, **streams)


def jobs_of(output):
    """Jobs by rule, from the table that Snakemake prints."""
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", output, re.M) if rule != "total"}


def rows_of(path):
    with open(path, newline="") as table:
        return list(csv.DictReader(table))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, checkpoint):
    """A working folder in which figures/fig3.pdf was made; (folder, what Snakemake printed)."""
    folder = tmp_path_factory.mktemp("run")
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["tiny"] = {**config["models"]["embedded"], "folder": str(checkpoint), "steps": STEPS}
    config["model"] = "tiny"
    config["cases"] |= {"tasks": ["loop_maze"], "number": CASES, "shard_size": CASES}
    config["x0_pred"]["tasks"] = ["loop_maze"]
    config["ensemble"] |= {"tasks": ["loop_maze"], "seeds": [1, 2]}
    config["statistics"]["resamples"] = 100
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(folder, "--", "figures/fig3.pdf")
    assert run.returncode == 0, run.stdout
    return folder, run.stdout


def test_makes_the_figure_and_says_so(finished):
    folder, output = finished
    for name in ("fig3.pdf", "fig3.png", "fig3_scores.csv", "fig3_cka.csv"):
        assert (folder / "figures" / name).stat().st_size > 0
        assert f"figures/{name}\n" in output
    assert (folder / "figures" / "fig3.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "figures" / "fig3.txt").read_text().splitlines()[0] in output


def test_tables_have_every_run(finished):
    folder, _ = finished
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
    # noise at step s is followed over steps s..S-1, noise at frame and the re-seed null over all
    expected = {"noise_at_step": STEPS * (STEPS + 1), "noise_at_frame": 2 * FRAMES * STEPS, "reseed": STEPS}
    assert {run: sum(row["run"] == run for row in cka) for run in expected} == {
        run: CASES * count for run, count in expected.items()
    }


def test_forwards_that_ran_are_those_of_the_plan(finished, tmp_path):
    folder, _ = finished
    costs = plan_of(load_config(folder / "run.yaml"), ["figures/fig3.pdf"], tmp_path).counted
    planned = {cost.job.rule: cost.forwards.planned for cost in costs}
    ran = {rule: read_json(folder / f"results/tiny/{rule}/loop_maze/00.json")["forwards"] for rule in planned}
    assert {"trajectory", "noise"} == set(ran) and ran == pytest.approx(planned, abs=1e-9)


def test_a_shard_is_of_its_inputs(finished):
    """What a resume folder is stamped with holds, through the chain, all that its numbers depend on."""
    folder, _ = finished
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


def test_outputs_say_the_settings_in_force(finished):
    folder, _ = finished
    for rule in ("trajectory", "noise", "score"):
        reader = read_shard(folder / f"results/tiny/{rule}/loop_maze/00.json")
        of_item = reader.load(reader.cases[0])[1]
        for said in (reader.manifest, {**of_item, "sampling": json.loads(of_item["sampling"])}):
            assert said["attention_backend"] == "native"
            assert said["sampling"]["device"] in ("cpu", "cuda")  # not auto
            assert (said["sampling"]["guidance_scale"], said["sampling"]["timestep_dtype"]) == (1.0, "float32")


def test_second_run_does_nothing(finished):
    folder, _ = finished
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
def test_a_changed_setting_reruns_only_what_depends_on_it(finished, change, rules):
    run = snakemake(finished[0], "-n", "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 0, run.stdout
    assert set(jobs_of(run.stdout)) == rules


def test_more_cases_are_new_shards_only(finished):
    run = snakemake(finished[0], "-n", "--", "figures/fig3.pdf", change={"cases": {"number": 2 * CASES}})
    assert jobs_of(run.stdout) == dict.fromkeys(["cases", *SHARDED, "fig3_scores", "fig3_cka", "fig3"], 1)


def test_model_index_and_tokenizer_are_inputs(finished):
    dry = snakemake(finished[0], "-n", "--quiet", "host", "--force", "results/model/tiny.json").stdout
    (inputs,) = re.findall(r"^ +input: (.*)$", dry, re.M)
    names = {"/".join(Path(path).parts[-2:]) for path in inputs.split(", ")}
    assert {"one/model_index.json", "tokenizer/tokenizer.json", "vae/config.json"} <= names


def test_a_grown_shard_makes_only_what_is_new(finished, tmp_path):
    folder, target = tmp_path / "run", "results/tiny/trajectory/loop_maze/00.json"
    shutil.copytree(finished[0], folder)

    def written():
        reader = read_shard(folder / target)
        return {case: reader.path(case).stat().st_mtime_ns for case in reader.cases}

    before = written()
    grown = snakemake(folder, "--", target, change={"cases": {"number": 3, "shard_size": 3}})
    assert grown.returncode == 0, grown.stdout
    after = written()
    assert len(after) == 6 and before == {case: after[case] for case in before}


BAD = [
    ({"noise": {"amplitud": 2}}, "unknown key 'noise.amplitud'; did you mean 'amplitude'?"),
    ({"modle": "tiny"}, "unknown key 'modle'; did you mean 'model'?"),
    ({"models": {"tiny": {"teacache": True}}}, "unknown key 'models.tiny.teacache'"),
    ({"noise": {"steps": [STEPS]}}, f"noise.steps: step {STEPS} is out of range"),
    ({"noise": {"frames": [FRAMES]}}, f"noise.frames: frame {FRAMES} is out of range"),
    ({"similarity": {"features": "block:2"}}, "layer 2 is out of range; this model has layers 0 to 1"),
    ({"models": {"tiny": {"boundary": 0.5}}}, "has one expert: set boundary to null"),
    ({"models": {"tiny": {"steps": 20.0}}}, "'models.tiny.steps' is 20.0, but must be a whole number"),
    ({"cases": {"folder": "nowhere"}}, "has no task 'loop_maze' under In-Domain_50 or Out-of-Domain_50"),
    ({"shared": ["nowhere"]}, f"shared: {ROOT / 'nowhere'} holds no results; give the results folder of another run"),
    ({"cases": {"tasks": ["loop_mase"]}}, "'loop_mase', which is no puzzle made here; did you mean 'loop_maze'?"),
]


@pytest.mark.parametrize("change, words", BAD, ids=[str(change) for change, _ in BAD])
def test_bad_configuration_stops_in_one_line_before_anything_runs(finished, tmp_path, change, words):
    shutil.copy(finished[0] / "run.yaml", tmp_path)
    run = snakemake(tmp_path, "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 1
    errors = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and words in errors[0], run.stdout
    assert "Traceback" not in run.stdout
    assert {path.name for path in tmp_path.iterdir()} <= {"run.yaml", "change.yaml", ".snakemake"}


@pytest.mark.parametrize("name", ["results", "figures"])
def test_output_folder_that_cannot_be_written_stops_in_one_line(finished, tmp_path, name):
    shutil.copy(finished[0] / "run.yaml", tmp_path)
    (tmp_path / name).touch()  # a file in its place, since root may write everywhere
    run = snakemake(tmp_path, "--", "figures/fig3.pdf")
    assert run.returncode == 1 and "Traceback" not in run.stdout
    assert f"error: cannot write {tmp_path / name}; make it a writable folder" in run.stdout


def test_task_without_a_scorer_stops_before_anything_runs(finished, tmp_path):
    folder = finished[0] / "results/cases/embedded/In-Domain_50/loop_maze"
    shutil.copytree(folder, tmp_path / "bench/In-Domain_50/G-1_unknown")
    shutil.copy(finished[0] / "run.yaml", tmp_path)
    change = {"cases": {"folder": str(tmp_path / "bench"), "tasks": ["G-1_unknown"]}}
    run = snakemake(tmp_path, "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 1 and "error: task 'G-1_unknown' has no scorer" in run.stdout
    assert not (tmp_path / "results").exists()
    assert "ask for its CKA, results/tiny/tables/fig3_cka.csv" in run.stdout
    # but for the scores, any folder in the benchmark's layout will do
    run = snakemake(tmp_path, "-n", "--", "results/tiny/tables/fig3_cka.csv", change=change)
    assert run.returncode == 0, run.stdout
    assert jobs_of(run.stdout) == dict.fromkeys(["model", "cases", *SHARDED[:-1], "fig3_cka"], 1)


def test_bad_case_fails_in_one_line_and_leaves_nothing_half_written(finished, tmp_path):
    bench = tmp_path / "bench/In-Domain_50/loop_maze"
    shutil.copytree(finished[0] / "results/cases/embedded/In-Domain_50/loop_maze", bench)
    shutil.copy(finished[0] / "run.yaml", tmp_path)
    change = {"cases": {"folder": str(tmp_path / "bench")}, "noise": {"frames": [1, FRAMES]}}
    run = snakemake(tmp_path, "--", "results/cases/loop_maze/00.json", change=change)
    assert run.returncode == 1
    assert f"error: case loop_maze/00000: noise.frames: frame {FRAMES} is out of range" in run.stdout
    (bench / "00001" / "prompt.txt").unlink()
    run = snakemake(tmp_path, "--", "results/cases/loop_maze/00.json", change=change)
    assert run.returncode == 1
    assert "error: case loop_maze/00001 has no prompt.txt" in run.stdout
    assert "Traceback" not in (tmp_path / "results/logs/cases/loop_maze/00.log").read_text()
    assert not (tmp_path / "results/cases/loop_maze/00.json").exists()


def test_killed_shard_goes_on_where_it_was(finished, tmp_path):
    undisturbed, folder = finished[0], tmp_path / "run"
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


def files_of(folder):
    """Modification time of every result, table and figure; not of logs."""
    paths = [path for part in ("results", "figures") for path in (folder / part).rglob("*") if path.is_file()]
    return {path: path.stat().st_mtime_ns for path in paths if path.suffix not in (".log", ".tsv")}


def verdict(output):
    """(broken lines, stale lines, the count) of a verification, each as often as it was shown."""
    lines = output.splitlines()
    kinds = [[line for line in lines if line.startswith(f"{state}: ")] for state in ("broken", "stale")]
    return *kinds, [line for line in lines if " files checked: " in line]


def test_verify_finds_results_whole_every_time_and_makes_nothing(finished):
    folder, before = finished[0], files_of(finished[0])
    for _ in range(2):
        run = snakemake(folder, "--", "verify")
        assert run.returncode == 0, run.stdout
        broken, stale, count = verdict(run.stdout)
        assert (broken, stale) == ([], []) and len(count) == 1
        assert int(count[0].split()[0]) > 20 and jobs_of(run.stdout) == {"verify": 1}
    assert files_of(folder) == before


def test_verify_tells_stale_from_broken(finished):
    change = {"models": {"tiny": {"shift": 5.0}}, "noise": {"restore_first_frame": False}}
    run = snakemake(finished[0], "--", "verify", change=change)
    assert run.returncode == 0, run.stdout
    broken, stale, _ = verdict(run.stdout)
    path = "results/tiny/{}/loop_maze/00.json"
    assert broken == [] and [line.split(": ")[1] for line in stale] == [
        path.format(noun) for noun in ("noise", "score", "trajectory")
    ]
    noise, score, trajectory = stale
    assert "other settings (sampling)" in trajectory and "trajectory/loop_maze/00.json, which is stale" in noise
    assert "other settings (restore_first_frame)" in score


def test_verify_names_what_is_broken_and_fails_without_making_anything(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
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


def test_results_of_others_are_taken_and_not_touched(finished, tmp_path):
    theirs = finished[0] / "results"
    config = yaml.safe_load((finished[0] / "run.yaml").read_text())
    config["models"]["mine"] = config["models"].pop("tiny")
    config |= {"model": "mine", "shared": [str(theirs)]}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    before, target = files_of(finished[0]), "results/mine/noise/loop_maze/00.json"
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
    assert files_of(finished[0]) == before
    # whose items they are is no reason to run a job again
    del config["shared"]
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    assert "Nothing to be done" in snakemake(tmp_path, "--", target).stdout
