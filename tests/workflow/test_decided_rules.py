"""When and how the answer is decided, and the figures of panels, of the run of everything."""

import pandas as pd
import pytest

from chainofsteps.files import load_tensors
from chainofsteps.probes.x0_pred.decided_tables import COLUMNS, STEP_COLUMNS
from chainofsteps.store.provenance import identity_in
from tests.workflow.everything import CASES, MAZES, OTHERS, SHOWN, STEPS, panels
from tests.workflow.running import jobs_of, snakemake

TASKS = [*MAZES, *OTHERS]
pytestmark = pytest.mark.xdist_group("all")


def test_every_video_is_decoded_once_and_read_for_all(finished):
    shard = finished / "results/two/x0_pred"
    frames = pd.read_csv(shard / "occlusion/00_frames.csv")
    assert len(frames) == CASES * 2 * STEPS * 4 and set(frames.frame) == {4, 8, 12, 16}
    readings = pd.read_csv(shard / "find_then_move/00_readings.csv")
    assert set(readings.reading) == {"marked", "marked_other", "moved", "moved_named"}
    assert len(readings) == CASES * 2 * STEPS * 4 and readings.value.between(0, 1).all()
    assert set(pd.read_csv(shard / "occlusion/00_readings.csv").reading) == {"given", "away", "back"}
    again = snakemake(finished, "-n", "--forcerun", "decided", "--", "tables/decided.csv")
    assert jobs_of(again.stdout) == {"decided": 1}


def test_tables_have_every_puzzle_kind_and_step(finished):
    table = pd.read_csv(finished / "tables/decided.csv")
    assert table.columns.tolist() == COLUMNS
    paths = table[table.measure == "multi_path"].set_index(["task", "kind"])
    unique = {(task, "unique") for task in [*TASKS[1:], "all"]}
    assert set(paths.index) == {*unique, ("loop_maze", "multi"), ("all", "multi")}
    of_all = [len(TASKS[1:]) * CASES, 2 * len(TASKS[1:]) * CASES, 2]
    assert paths.loc[("all", "unique"), ["n", "runs", "seeds"]].tolist() == of_all
    steps = pd.read_csv(finished / "tables/decided_by_step.csv")
    assert steps.columns.tolist() == STEP_COLUMNS and set(steps.step) == set(range(STEPS))
    of = {task: set(steps[steps.task == task].measure) for task in TASKS}
    assert "kept" in of["occlusion"] and "marked" in of["find_then_move"] and "live" in of["occlusion"]
    assert "kept" not in of["find_then_move"]
    runs = pd.read_csv(finished / "tables/decided_runs.csv", dtype={"case": str})
    assert len(runs) == len(TASKS) * CASES * 2 and not runs.duplicated(["task", "case", "seed"]).any()


@pytest.mark.parametrize("figure", [figure for figure in SHOWN if figure not in ("fig1", "figB1")])
def test_figures_are_drawn_with_caption_summary_and_points(finished, figure):
    place = finished / "figures"
    assert (place / f"{figure}.pdf").read_bytes().startswith(b"%PDF") and (place / f"{figure}.png").exists()
    caption = (place / f"{figure}_caption.rst").read_text()
    assert caption.startswith(f"Figure {figure[3:]}.") and f"(a) {SHOWN[figure][0]}, case 00001, seed 1" in caption
    assert len((place / f"{figure}.txt").read_text().splitlines()) == len(SHOWN[figure])
    assert not pd.read_csv(place / f"{figure}_points.csv").empty
    told = identity_in(place / f"{figure}.pdf")["drawn_from"]
    assert f"results/two/panels/{figure}.safetensors" in told
    assert load_tensors(finished / f"results/two/panels/{figure}.safetensors")[0][f"{figure}a-pictures"].shape[:2] == (
        2,
        2,
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"puzzle": "bounce"}, "shows puzzle 'bounce'"),
        ({"case": "00002"}, "shows case '00002'"),
        ({"seed": 4}, "shows seed 4"),
        ({"steps": [STEPS]}, f"shows step {STEPS}"),
        ({"frames": [17]}, "shows frame 17"),
    ],
)
def test_what_is_not_there_stops_every_figure_before_anything_runs(finished, change, words):
    run = snakemake(finished, "-n", "--", "figures/figA11.pdf", change={"panels": panels(**change)})
    assert run.returncode != 0 and words in run.stdout and "Traceback" not in run.stdout
