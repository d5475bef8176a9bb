"""Cases of one's own, a first frame and a prompt with neither a true clip nor a scorer: runs, pictures and CKA."""

import shutil

import pandas as pd
import pytest
import yaml

from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import write_case
from chainofsteps.bench.video import read_mp4
from chainofsteps.files import read_json
from chainofsteps.names import FINAL_FRAME, GROUND_TRUTH, LAYOUT
from tests.workflow.running import ROOT, snakemake, verdict

TASK, FRAMES = "my_task", 21
pytestmark = pytest.mark.xdist_group("own")


@pytest.fixture(scope="module")
def working(tmp_path_factory, checkpoint):
    """A working folder with two such cases and nothing made."""
    folder = tmp_path_factory.mktemp("own")
    for case in range(2):
        place = write_case(
            folder / "mine", "In-Domain_50", TASK, f"{case:05d}", puzzles.draw("shelf", case, held_out=True)
        )
        for name in (GROUND_TRUTH, FINAL_FRAME, LAYOUT):
            (place / name).unlink()
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    own = yaml.safe_load((ROOT / "configs" / "own-cases.yaml").read_text())
    config["models"]["tiny"] = {**config["models"]["embedded"], "folder": str(checkpoint), "steps": 2}
    config["cases"] |= {**own["cases"], "folder": str(folder / "mine"), "tasks": [TASK], "frames": FRAMES}
    config["noise"] |= {"operators": ["replace"], "steps": [0], "frames": [1]}
    row = {"panel": "a", "puzzle": TASK, "case": "00001", "seed": 2, "steps": ["first", "last"], "frames": ["last"]}
    config["panels"] = [*config["panels"][:1], {**row, "figure": "fig2"}]  # the first is Figure 1's, of a puzzle
    config |= {"model": "tiny", "statistics": {"resamples": 100}}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    return folder


def test_all_that_they_can_show_is_made_and_verifies(working):
    run = snakemake(working, "--", "all", "results/tiny/tables/fig3_cka.csv")
    assert run.returncode == 0, run.stdout
    assert [path.name for path in (working / "figures").glob("*.pdf")] == ["fig2.pdf"]
    assert not (working / "tables").exists() and not (working / "claims").exists()
    assert "have no scorer: the pictures are all there is" in (working / "figures/fig2.txt").read_text()
    assert "Nothing scores these cases." in (working / "figures/fig2_caption.rst").read_text()
    assert len(read_mp4(next(working.glob("results/tiny/panels/*.mp4")))) == FRAMES
    assert read_json(working / f"results/cases/{TASK}/00.json")["frames"] == FRAMES
    cka = pd.read_csv(working / "results/tiny/tables/fig3_cka.csv")
    assert set(cka.task) == {TASK} and cka.dissimilarity.notna().all()
    found = snakemake(working, "--", "verify")
    assert found.returncode == 0 and verdict(found.stdout)[:2] == ([], []), found.stdout


@pytest.mark.parametrize(
    ("target", "change", "words"),
    [
        ("figures/fig3.pdf", {}, "has no scorer"),
        ("tables/decided.csv", {}, "needs puzzles, whose right answers are listed. Of these cases there are fig2"),
        ("figures/figA13.pdf", {}, "need the true clip of each case; add ground_truth.mp4 to all and set cases.frames"),
        ("figures/fig1.pdf", {}, "panels: fig1 a shows puzzle 'loop_maze', which is not there"),
        ("figures/fig2.pdf", {"frames": 22}, "'cases.frames' is 22; the VAE needs 4k + 1, such as 21"),
    ],
)
def test_what_they_cannot_show_stops_before_anything_runs(working, tmp_path, target, change, words):
    shutil.copy(working / "run.yaml", tmp_path)
    run = snakemake(tmp_path, "-n", "--", target, change={"cases": change})
    assert run.returncode == 1 and words in run.stdout and "Traceback" not in run.stdout


def test_a_case_without_clip_or_frames_is_named_with_both_mends(working, tmp_path):
    shutil.copy(working / "run.yaml", tmp_path)
    run = snakemake(tmp_path, "--", f"results/cases/{TASK}/00.json", change={"cases": {"frames": None}})
    log = (tmp_path / f"results/logs/cases/{TASK}/00.log").read_text()
    assert run.returncode != 0 and f"case {TASK}/00000 has no ground_truth.mp4" in log
    assert log.strip().endswith("add it, set cases.frames or leave the case out")
