"""Cut off anywhere, a run goes on by the documented command: it loses the case in flight at most, and ends as if
nothing had been."""

import os
import re
import shutil
import signal
import subprocess

import pytest
from interrupted import (
    CASES,
    CKA,
    FIRST,
    IN_FLIGHT,
    NOISE,
    STEPS,
    TRAJECTORY,
    Run,
    before_noise,
    check_as_if_undisturbed,
    forwards_of_a_case,
    undisturbed,
    until,
)

from chainofsteps.store.reader import read_shard

# All of this file's tests are held against one run: pytest-xdist must keep them in one process.
pytestmark = pytest.mark.xdist_group("interruptions")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, checkpoint):
    return undisturbed(tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("scratch"), checkpoint)


@pytest.fixture
def begun(whole, tmp_path):
    run = Run(before_noise(whole, tmp_path / "run"), tmp_path)
    yield run
    run.end()


def errors(said):
    assert "Traceback" not in said
    return [line for line in said.splitlines() if line.startswith("error: ")]


def test_job_killed_as_it_writes(begun, whole):
    driver = begun.start("--", CKA, hold=IN_FLIGHT)
    os.kill(begun.job(driver), signal.SIGKILL)
    assert driver.wait() == 1 and "SIGKILL" in driver.said()
    kept = begun.kept()
    assert len(kept) == 1 and not (begun.folder / NOISE).exists()
    (partial,) = begun.folder.glob(f"{NOISE.parent}/00.*/.{IN_FLIGHT}*.partial")
    os.truncate(partial, partial.stat().st_size // 2)

    begun.ended("--", CKA)
    check_as_if_undisturbed(begun, whole)
    assert begun.kept().items() > kept.items()
    assert begun.forwards() == pytest.approx((CASES + 1) * forwards_of_a_case(whole))


def test_second_driver_stops_and_the_job_of_a_killed_one_is_waited_for(begun, whole):
    first = begun.start("--", CKA, hold=IN_FLIGHT)
    job = begun.job(first)

    def state():
        files = [path for path in begun.folder.rglob("*") if path.is_file()]
        logs = begun.folder / ".snakemake/log"
        return {path: path.stat().st_mtime_ns for path in files if not path.is_relative_to(logs)}

    before = state()
    said = begun.ended("--", CKA, well=False)
    assert "Error: Directory cannot be locked" in said and "--unlock" in said and "Traceback" not in said
    assert state() == before

    first.kill()
    first.wait()
    os.kill(job, 0)  # goes on without its driver
    begun.ended("--unlock")
    second = begun.start("--", CKA)
    until(lambda: f"waiting for process {job} on " in second.said(), second)
    begun.release()
    assert second.wait() == 0, second.said()
    check_as_if_undisturbed(begun, whole)
    assert begun.forwards() == pytest.approx(CASES * forwards_of_a_case(whole))  # nothing twice


@pytest.fixture
def small_disk(tmp_path):
    """(a folder with a filesystem of its own, a function that gives that a size in bytes)."""
    place = tmp_path / "small"
    place.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"a full disk needs one to fill, and mounting is not allowed here: {mount.stderr.strip()}")

    def resize(size):
        subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)

    yield place, resize
    subprocess.run(["umount", "--lazy", place], check=True)


def test_full_disk(whole, small_disk, tmp_path):
    folder, resize = small_disk
    run = Run(before_noise(whole, folder), tmp_path)
    item = read_shard(whole.folder / NOISE).path(FIRST).stat().st_size
    resize(shutil.disk_usage(folder).used + round(1.8 * item))
    (error,) = errors(run.ended("--", CKA, well=False))
    named = rf"error: cannot write .*/{IN_FLIGHT}\.\S+: No space left on device; free some space and run again"
    assert re.fullmatch(named, error)
    assert error in (folder / "results/tiny/logs/noise/loop_maze/00.log").read_text()
    kept = run.kept()
    assert len(kept) == 1 and not (folder / NOISE).exists() and not [*folder.rglob("*.partial")]

    resize(2**30)
    run.ended("--", CKA)
    check_as_if_undisturbed(run, whole)
    assert run.kept().items() > kept.items()
    assert run.forwards() == pytest.approx((CASES + 1) * forwards_of_a_case(whole))


def test_truncated_and_bit_flipped_files_are_named_and_made_again(begun, whole):
    shutil.copytree(whole.folder / NOISE.parent, begun.folder / NOISE.parent)
    noise, trajectories = read_shard(begun.folder / NOISE), read_shard(begun.folder / TRAJECTORY)
    for path in (noise.manifest_path.with_name("00_cka.csv"), noise.path(IN_FLIGHT), noise.manifest_path):
        path.unlink()  # as if the shard had been cut off before its second case
    flipped, truncated = noise.path(FIRST), trajectories.path(IN_FLIGHT)
    flip(flipped)
    os.truncate(truncated, truncated.stat().st_size // 2)

    (error,) = errors(begun.ended("--", CKA, well=False))
    paths = truncated.relative_to(begun.folder), TRAJECTORY
    assert error == "error: {} differs from what {} lists (sha256); delete both and run again".format(*paths)
    for path in paths:
        (begun.folder / path).unlink()
    (error,) = errors(begun.ended("--", CKA, well=False))
    path = flipped.relative_to(begun.folder)
    assert error.startswith(f"error: {path} is damaged") and error.endswith("delete it and run again to make it")
    flipped.unlink()
    begun.ended("--", CKA)
    check_as_if_undisturbed(begun, whole)
    assert begun.forwards() == pytest.approx(2 * forwards_of_a_case(whole) + STEPS)


def flip(path):
    """One bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
