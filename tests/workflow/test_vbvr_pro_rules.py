"""Cases in the layout of VBVR-Pro-Bench from a folder, scored by a stand-in for its scorer, with random weights."""

import shutil

import kit as stand_in
import pandas as pd
import pytest
import yaml

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import write_case
from chainofsteps.bench.evalkit.kits import PRO
from chainofsteps.bench.evalkit.source import source_hash
from chainofsteps.files import read_json
from tests.workflow.running import ROOT, snakemake, verdict

MAZE, CASES, TABLE = "O-39_maze_data-generator", 2, "tables/evalkit.csv"
CASE = f"bench/Out-of-Domain_50/{MAZE}/00001"
pytestmark = pytest.mark.xdist_group("evalkit")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, checkpoint):
    """A working folder in which the scores were made."""
    folder = tmp_path_factory.mktemp("pro")
    for case in range(CASES):
        drawn = puzzles.draw("unique_maze", case, held_out=True)
        place = write_case(folder / "bench", "Out-of-Domain_50", MAZE, f"{case:05d}", drawn)
        (place / "layout.json").rename(place / "metadata.json")
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["tiny"] = {**config["models"]["embedded"], "folder": str(checkpoint), "steps": 2}
    config |= {"model": "tiny", "statistics": {"resamples": 100}, "panels": []}
    config["cases"] |= {"folder": str(folder / "bench"), "tasks": [MAZE], "number": CASES, "scorer": "evalkit"}
    python = stand_in.python_with(folder / "python", "4.11.0", stand_in.PRO_PACKAGES)
    config["evalkit"] |= {"repo": PRO, "sha256": None, "python": python, "time_limit": 60}
    config["evalkit"]["folder"] = str(stand_in.pro_checkout(folder / "kit"))
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(folder, "--", TABLE)
    assert run.returncode == 0, run.stdout
    return folder


def test_each_score_says_which_scorer_gave_it(finished):
    table = pd.read_csv(finished / TABLE)
    assert len(table) == CASES * 3 and set(table.repo) == {PRO} and set(table.opencv) == {"4.11.0"}
    packages = "; ".join(f"{name} {version}" for name, version in stand_in.PRO_PACKAGES.items())
    assert set(table.packages) == {packages} and set(table.source) == {source_hash(finished / "kit")}
    settings = read_json(finished / f"results/tiny/evalkit/{MAZE}/00.json")["settings"]["kit"]
    assert (settings["repo"], settings["source"], settings["packages"]) == (
        PRO,
        source_hash(finished / "kit"),
        packages,
    )
    assert verdict(snakemake(finished, "--", "verify").stdout)[:2] == ([], [])


def test_a_changed_metadata_makes_the_results_stale(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "run")
    change = {"cases": {"folder": str(folder / "bench")}}
    (folder / CASE / "metadata.json").write_text('{"route": []}')
    run = snakemake(folder, "--", f"results/cases/{MAZE}/00.json", change=change)
    assert run.returncode == 0, run.stdout
    stale = verdict(snakemake(folder, "--", "verify", change=change).stdout)[1]
    assert any(f"trajectory/{MAZE}/00.json" in line for line in stale), stale


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (False, f"error: case {MAZE}/00001 has no metadata.json, which VBVR-Pro-Bench's scorer reads"),
        (True, f"error: case {MAZE}/00001 is of an image setting"),
    ],
)
def test_a_case_that_it_cannot_score_stops_a_run_before_it_begins(finished, tmp_path, picture, words):
    shutil.copy(finished / "run.yaml", tmp_path)
    folder = shutil.copytree(finished / "bench", tmp_path / "bench").parent
    if picture:
        (folder / CASE / "final_frame.png").rename(folder / CASE / "frame_1.png")
        (folder / CASE / "ground_truth.mp4").unlink()
    else:
        (folder / CASE / "metadata.json").unlink()
    run = snakemake(folder, "-n", "--", TABLE, change={"cases": {"folder": str(folder / "bench")}})
    assert run.returncode == 1 and "Traceback" not in run.stdout
    assert len([line for line in run.stdout.splitlines() if line.startswith(words)]) == 1, run.stdout


def test_puzzles_have_no_counterpart_there(finished):
    change = {"cases": {"tasks": ["rotation"], "scorer": "rule", "number": 1}}
    write_case(finished / "bench", "In-Domain_50", "rotation", "00000", puzzles.draw("rotation", 0, held_out=True))
    run = snakemake(finished, "-n", "--", TABLE, change=change)
    assert run.returncode == 1 and "Traceback" not in run.stdout
    assert (
        "error: VBVR-Pro-Bench's scorer has an evaluator for none of cases.tasks (rotation); take tasks of"
        in run.stdout
    )
