"""What is begun for cases of VBVR-Bench, and what is not: dry runs, of which nothing is made."""

import pytest

from tests.workflow import benchmark
from tests.workflow.running import jobs_of, snakemake

NOT_OF_THESE = ("figures/fig6.pdf", "figures/figB1.pdf", "figures/figB2.pdf", "figures/figB3.pdf", "figures/figA9.pdf")
NOT_OF_THESE += tuple(f"tables/{name}.csv" for name in ("decided", "candidates", "swap", "linear_readout", "ladder"))
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


def test_what_reads_every_step_is_not_begun_where_only_the_ends_are_kept(working):
    ends = {"trajectory": {"keep": "ends"}}
    enough = [f"tables/{name}.csv" for name in ("evalkit", "table1", "few_steps", "frames")]
    run = snakemake(working, "-n", "--", *enough, change=ends)
    assert run.returncode == 0 and jobs_of(run.stdout)["trajectory"] == 2, run.stdout
    for target in ("figures/fig1.pdf", "figures/fig3.pdf", "tables/activations.csv", "tables/x0_pred.csv"):
        run = snakemake(working, "-n", "--", target, change=ends)
        errors = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
        assert run.returncode == 1 and len(errors) == 1 and "trajectory.keep is ends" in errors[0], run.stdout
