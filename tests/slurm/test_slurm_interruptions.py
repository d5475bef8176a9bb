"""Jobs on a real SLURM, cut off in the middle of a shard: it is as if nothing had been. Run by `make test-slurm`."""

import os
import signal
import subprocess

import pytest
from interrupted import (
    CASES,
    CKA,
    IN_FLIGHT,
    NOISE,
    ROOT,
    Run,
    before_noise,
    check_as_if_undisturbed,
    forwards_of_a_case,
    undisturbed,
    until,
)

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def whole(tmp_path_factory, checkpoint):
    """Without SLURM."""
    return undisturbed(tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("scratch"), checkpoint)


@pytest.fixture
def begun(whole, slurm, tmp_path):
    """Drivers submit, and submit again what failed, as those of profiles/slurm do."""
    options = "--workflow-profile", ROOT / "profiles/slurm-ci", "--retries", "1"
    run = Run(before_noise(whole, tmp_path / "run"), tmp_path, *options)
    yield run
    run.end()
    slurm.end_jobs()


def kill_the_process(_job, process):
    os.kill(process, signal.SIGKILL)


def cancel(job, _process):
    subprocess.run(["scancel", job], check=True)


def run_out_of_time(job, _process):
    subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)


def lose_the_node(job, _process):
    subprocess.run(["scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=tests"], check=True)


def node():
    """What SLURM says of its node, its state among it."""
    shown = ["scontrol", "--oneliner", "show", "node", "localhost"]
    return subprocess.run(shown, check=True, capture_output=True, text=True).stdout


ENDS = {
    kill_the_process: "FAILED",
    cancel: "CANCELLED",
    run_out_of_time: "TIMEOUT",
    lose_the_node: "NODE_FAIL",
}


@pytest.mark.parametrize("cut_off", ENDS)
def test_job_that_is_cut_off_is_submitted_again_and_goes_on(begun, whole, slurm, cut_off):
    before = {job["JobId"] for job in slurm.jobs()}

    def jobs():
        found = [job for job in slurm.jobs() if job["Rule"] == "noise" and job["JobId"] not in before]
        return sorted(found, key=lambda job: int(job["JobId"]))

    driver = begun.start("--", CKA, hold=IN_FLIGHT)
    process = begun.job(driver)
    kept = begun.kept()
    assert len(kept) == 1 and not (begun.folder / NOISE).exists()
    (first,) = jobs()
    cut_off(first["JobId"], process)
    until(lambda: jobs()[0]["JobState"] == ENDS[cut_off], driver)
    subprocess.run(["scontrol", "update", "NodeName=localhost", "State=RESUME"])  # refused where the node is up already
    until(lambda: "DOWN" not in node(), driver)
    assert driver.wait() == 0, driver.said()

    assert [job["JobState"] for job in jobs()] == [ENDS[cut_off], "COMPLETED"]
    check_as_if_undisturbed(begun, whole)
    assert begun.kept().items() > kept.items()
    assert begun.forwards() == pytest.approx((CASES + 1) * forwards_of_a_case(whole))


def test_driver_that_is_killed(begun, whole, slurm):
    """By docs/slurm.md: its jobs go on, so they are ended by the run's name; then the lock is taken away."""
    before = {job["JobId"] for job in slurm.jobs()}
    driver = begun.start("--", CKA, hold=IN_FLIGHT)
    begun.job(driver)
    driver.kill()
    driver.wait()
    queue = subprocess.run(["squeue", "--noheader", "--format=%j %T"], check=True, capture_output=True, text=True)
    name, state = queue.stdout.split()
    assert state == "RUNNING"
    assert "Error: Directory cannot be locked" in begun.ended("--", CKA, well=False)

    subprocess.run(["scancel", "--name", name], check=True)
    begun.ended("--unlock")
    begun.ended("--", CKA)
    jobs = [job for job in slurm.jobs() if job["Rule"] == "noise" and job["JobId"] not in before]
    assert sorted(job["JobState"] for job in jobs) == ["CANCELLED", "COMPLETED"]
    check_as_if_undisturbed(begun, whole)
    assert begun.forwards() == pytest.approx((CASES + 1) * forwards_of_a_case(whole))
