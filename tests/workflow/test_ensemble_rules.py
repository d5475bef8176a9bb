"""The ensembles of the run of everything: shards, tables, Figure 7, what is shared and what is run."""

import pandas as pd
import pytest

from chainofsteps.files import read_json
from tests.workflow.everything import CASES, STEPS
from tests.workflow.everything import MAZES as TASKS
from tests.workflow.running import jobs_of, snakemake, verdict

TARGETS = ("figures/fig7.pdf", "tables/tableA1.csv")
pytestmark = pytest.mark.xdist_group("all")


def test_the_figure_is_drawn_and_says_what_came_out(finished):
    assert (finished / "figures/fig7.pdf").read_bytes().startswith(b"%PDF")
    assert (finished / "figures/fig7.txt").read_text().startswith("Of 6 ensembles ")
    assert "loop_maze 2; unique_maze 2" in (finished / "figures/fig7_caption.rst").read_text()


def test_each_untouched_run_is_made_once_for_all_who_need_it(finished):
    """The seed, the re-seed null and the seeds that are merged: 1 is in two of them."""
    items = read_json(finished / "results/two/trajectory/loop_maze/00.json")["items"]
    assert set(items) == {f"{case:05d}-seed{seed}" for case in range(CASES) for seed in (1, 2, 3)}
    dry = snakemake(finished, "-n", "--", *TARGETS, change={"ensemble": {"weight": 0.3}})
    assert {"ensemble", "ensemble_score", "ensemble_table", "fig7"} == set(jobs_of(dry.stdout)) & {
        "trajectory",
        "conditioning",
        "ensemble",
        "ensemble_score",
        "ensemble_table",
        "fig7",
    }


def test_tables_have_every_variant(finished):
    table = pd.read_csv(finished / "tables/ensemble.csv")
    over_all = table[table.scope == "all"]
    assert len(over_all) == 6 + 5 + 1 + 3 and (over_all.n == CASES * 2).all()
    assert set(table[table.scope == "task"].task) == set(TASKS)
    alone = over_all.set_index("variant").forwards
    assert (alone["single"], alone["mean_of_finals"]) == (STEPS, STEPS * 2)
    a1 = pd.read_csv(finished / "tables/tableA1.csv", dtype={"window": str})
    windows = ["none", "none, another seed", "0-9", "0-9", "0-39", "0-39", "20-29", "20-29"]
    assert a1.window.tolist() == windows
    assert a1.layers.tolist()[2:] == ["0-0", "0-0", "0-1", "0-1", "1-1", "1-1"]


def test_verify_finds_the_ensembles_whole_and_other_weights_stale(finished):
    run = snakemake(finished, "--", "verify")
    assert run.returncode == 0, run.stdout
    assert verdict(run.stdout)[:2] == ([], [])
    stale = verdict(snakemake(finished, "--", "verify", change={"ensemble": {"weight": 0.3}}).stdout)[1]
    assert len(stale) == 4 and all("ensemble" in line for line in stale)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": [STEPS]}, f"ensemble.steps: step {STEPS} is out of range; this model has steps 0 to {STEPS - 1}"),
        ({"windows": ["30-40"]}, "ensemble.windows: '30-40' is no window of 40 layers"),
    ],
)
def test_what_is_not_there_stops_before_anything_runs(finished, change, words):
    run = snakemake(finished, "-n", "--", *TARGETS, change={"ensemble": change})
    assert run.returncode != 0 and words in run.stdout and "Traceback" not in run.stdout
