"""What is begun for cases of VBVR-Bench, and what is not: dry runs, of which nothing is made."""

import shutil

import numpy as np
import pytest

from chainofsteps.bench.video import write_png
from tests.workflow import benchmark
from tests.workflow.running import jobs_of, snakemake

NOT_OF_THESE = ("figures/figB1.pdf", "figures/figB2.pdf", "figures/figB3.pdf", "figures/figA9.pdf")
NOT_OF_THESE += tuple(f"tables/{name}.csv" for name in ("decided", "candidates", "linear_readout", "ladder"))
pytestmark = pytest.mark.xdist_group("evalkit")


@pytest.fixture(scope="module")
def working(tmp_path_factory, checkpoint):
    """A working folder with cases, a kit and a Python for it, and nothing made."""
    return benchmark.configure(tmp_path_factory.mktemp("benchmark"), checkpoint)


@pytest.mark.parametrize("target", NOT_OF_THESE)
def test_what_needs_puzzles_stops_in_one_line_before_anything_runs(working, target):
    run = snakemake(working, "-n", "--", target)
    assert run.returncode == 1 and "Traceback" not in run.stdout
    errors = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and ("puzzles" in errors[0] or "panels: none is of figA9" in errors[0]), run.stdout


def test_scores_of_the_model_and_table_1_do_not_wait_for_the_null(working):
    """Nor does anything else of theirs run that they do not read: of each case one run, and what the ensemble adds."""
    for targets, networks in (
        (["tables/evalkit.csv", "tables/evalkit_summary.csv"], {"trajectory": 2}),
        (["tables/table1.csv"], {"trajectory": 2, "ensemble": 2}),
    ):
        run = snakemake(working, "-n", "--", *targets)
        assert run.returncode == 0, run.stdout
        jobs = jobs_of(run.stdout)
        assert {rule: jobs[rule] for rule in jobs if rule in networks or rule == "other_seeds"} == networks
        assert not jobs.keys() & {"noise", "swap", "few_steps", "frames", "skill"}, jobs
    everything = snakemake(working, "-n", "--", "figures/fig3.pdf")
    assert jobs_of(everything.stdout)["other_seeds"] == 2


def test_swaps_run_their_task_alone_and_with_its_ends_alone(working):
    """The two cases of it, which are one shard; no other task, and no null where mode full is not asked for."""
    change = {"trajectory": {"keep": "ends"}, "cases": {"shard_size": 1}}
    run = snakemake(working, "-n", "--", "tables/swap.csv", change=change)
    assert run.returncode == 0, run.stdout
    jobs = jobs_of(run.stdout)
    assert {name: jobs[name] for name in ("cases", "trajectory", "swap", "swap_video_score", "swap_table")} == (
        dict.fromkeys(("cases", "trajectory", "swap", "swap_video_score", "swap_table"), 1)
    )
    assert not jobs.keys() & {"swap_score", "answers", "other_seeds"}, jobs
    figure = snakemake(working, "-n", "--", "figures/fig6.pdf", change={"cases": {"shard_size": 1}})
    assert figure.returncode == 0, figure.stdout
    jobs = jobs_of(figure.stdout)
    assert (jobs["trajectory"], jobs["activations"], jobs["swap"]) == (3, 3, 1) and "linear_readout" not in jobs


@pytest.mark.parametrize(
    ("target", "change", "words"),
    [
        ("tables/swap.csv", {"swap": {"task": "object_sets"}}, "swap needs puzzles made here, or a task of these"),
        ("figures/fig6.pdf", {"swap": {"task": "object_sets"}}, "give it one of cases.tasks, such as O-39_maze"),
        ("tables/swap.csv", {"swap": {"number": 1}}, "set swap.number and cases.number to 2 or more"),
        ("tables/swap.csv", {"trajectory": {"keep": "ends"}, "swap": {"to_the_end": []}}, "trajectory.keep is ends"),
        ("figures/fig6.pdf", {"activations": {"shown": {"task": "grounding"}}}, "'grounding' is not there; there are"),
    ],
)
def test_swaps_that_cannot_be_stop_in_one_line(working, target, change, words):
    run = snakemake(working, "-n", "--", target, change=change)
    errors = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert run.returncode == 1 and len(errors) == 1 and words in errors[0], run.stdout


def test_cases_of_two_sizes_are_no_pair_and_nothing_is_begun(working, tmp_path):
    change = {"cases": {"folder": str(shutil.copytree(working / "bench", tmp_path / "bench"))}}
    picture = tmp_path / "bench/Out-of-Domain_50" / benchmark.MAZE / "00001/first_frame.png"
    write_png(picture, np.zeros((64, 80, 3), np.uint8))
    for target in ("tables/swap.csv", "all"):
        run = snakemake(working, "-n", "--", target, change=change)
        assert run.returncode == 1 and "Traceback" not in run.stdout
        assert f"no two neighbours of the 2 cases of {benchmark.MAZE} have one picture size" in run.stdout, run.stdout


def test_what_reads_every_step_is_not_begun_where_only_the_ends_are_kept(working):
    ends = {"trajectory": {"keep": "ends"}}
    enough = [f"tables/{name}.csv" for name in ("evalkit", "table1", "few_steps", "frames")]
    run = snakemake(working, "-n", "--", *enough, change=ends)
    assert run.returncode == 0 and jobs_of(run.stdout)["trajectory"] == 2, run.stdout
    for target in ("figures/fig1.pdf", "figures/fig3.pdf", "tables/activations.csv", "tables/x0_pred.csv"):
        run = snakemake(working, "-n", "--", target, change=ends)
        errors = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
        assert run.returncode == 1 and len(errors) == 1 and "trajectory.keep is ends" in errors[0], run.stdout
