"""What a run prints: jobs by task and shard, one table of jobs, all that it made, and one line when it is stopped."""

import os
import signal
import time

import pytest

from tests.workflow import figure3
from tests.workflow.running import snakemake

pytestmark = pytest.mark.xdist_group("dag")  # with the other tests of `drawn`


def test_jobs_are_named_and_the_end_names_what_was_made(drawn):
    folder, printed = drawn
    assert "Finished noise tiny loop_maze 00\n" in printed and "Finished fig3_cka tiny\n" in printed
    assert "Finished jobid" not in printed and "Select jobs" not in printed and "Execute " not in printed
    made = printed[printed.index("figures/fig3.csv") :] if "figures/fig3.csv" in printed else printed
    lines = [line for line in made.splitlines() if line.startswith(("figures/", "tables: "))]
    assert "figures/fig3.pdf, figures/fig3.png" in lines[0]
    assert lines[1] == "tables: results/tiny/tables/fig3_cka.csv, results/tiny/tables/fig3_scores.csv", lines


def test_a_dry_run_has_one_table_of_jobs(drawn):
    printed = snakemake(drawn[0], "-n", "--forceall", "--", "figures/fig3.pdf").stdout
    assert printed.count("Job stats:") == 1


def test_the_list_of_targets_says_what_they_are(drawn):
    printed = snakemake(drawn[0], "--list").stdout
    for name in ("all", "figures", "tables", "claims", "report", "plan", "verify", "fig1", "fig6", "figA9", "table1"):
        assert any(line.startswith(f"{name} (") for line in printed.splitlines()), name


def test_ctrl_c_says_one_line(tmp_path, checkpoint):
    figure3.configure(tmp_path, checkpoint)
    driver = snakemake(tmp_path, "--", "figures/fig3.pdf", wait=False)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("results/**/*.json")) and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(3)  # into the next jobs
    os.killpg(driver.pid, signal.SIGINT)
    printed, _ = driver.communicate(timeout=60)
    assert driver.returncode == 1
    assert printed.splitlines()[-1] == "stopped; the same command goes on where it was"
    assert printed.count("stopped;") == 1 and "KeyboardInterrupt" not in printed and "Exception" not in printed
    again = snakemake(tmp_path, "-n", "--", "figures/fig3.pdf")  # no lock is left
    assert again.returncode == 0, again.stdout
