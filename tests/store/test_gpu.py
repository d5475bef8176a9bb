"""GPUs of one machine: every job has its own, a killed job frees its own, and no job waits for a free one."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chainofsteps.errors import InputError
from chainofsteps.store.gpu import claim, gpus_here, take_one

SOURCE = Path(__file__).parents[2] / "src"
JOB = """
import os, sys, time
from pathlib import Path
from chainofsteps.store.gpu import take_one
lock = take_one(os.environ, Path(sys.argv[1]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
time.sleep(float(sys.argv[2]))
"""


def job(folder, seconds):
    environment = {"PYTHONPATH": str(SOURCE), "CUDA_VISIBLE_DEVICES": "0,1,2"}
    command = [sys.executable, "-c", JOB, str(folder), str(seconds)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_jobs_side_by_side_have_a_gpu_each_and_one_too_many_is_told(tmp_path):
    jobs = [job(tmp_path, 60) for _ in range(3)]
    try:
        assert {one.stdout.readline().strip() for one in jobs} == {"0", "1", "2"}
        late = job(tmp_path, 0)
        _, words = late.communicate(timeout=30)
        assert late.returncode and "all GPUs of this machine are held by other jobs (0, 1, 2)" in words
        assert "--resources gpu=3" in words
    finally:
        for one in jobs:
            one.kill()
            one.wait()


def test_a_killed_job_frees_its_own_and_nobody_waits_for_it(tmp_path):
    first, second = job(tmp_path, 60), None
    try:
        held = first.stdout.readline().strip()
        first.kill()
        first.wait()
        began = time.monotonic()
        second = job(tmp_path, 0)
        assert second.stdout.readline().strip() == held == "0"
        assert time.monotonic() - began < 30
    finally:
        for one in filter(None, (first, second)):
            one.kill()
            one.wait()


def test_the_lock_ends_with_the_handle(tmp_path):
    gpu, lock = claim(["a", "b"], tmp_path)
    other, held = claim(["a", "b"], tmp_path)
    assert (gpu, other) == ("a", "b")
    with pytest.raises(InputError, match="all GPUs"):
        claim(["a", "b"], tmp_path)
    os.close(lock)
    again, lock = claim(["a", "b"], tmp_path)
    assert again == "a"
    for one in (lock, held):
        os.close(one)


def test_what_there_is_to_choose_among(tmp_path):
    driver = tmp_path / "gpus"
    assert gpus_here({}, driver) == []  # no driver
    for name in ("0000:17:00.0", "0000:65:00.0"):
        (driver / name).mkdir(parents=True)
    assert gpus_here({}, driver) == ["0", "1"]
    assert gpus_here({"CUDA_VISIBLE_DEVICES": "GPU-1, GPU-2"}, driver) == ["GPU-1", "GPU-2"]
    assert gpus_here({"CUDA_VISIBLE_DEVICES": ""}, driver) == []
    assert gpus_here({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "0,1"}, driver) == []


def test_one_gpu_is_left_as_it_is(tmp_path):
    environment = {"CUDA_VISIBLE_DEVICES": "3"}
    assert take_one(environment, tmp_path) is None and environment == {"CUDA_VISIBLE_DEVICES": "3"}
    environment = {"CUDA_VISIBLE_DEVICES": "3,5"}
    lock = take_one(environment, tmp_path)
    assert environment == {"CUDA_VISIBLE_DEVICES": "3"} and lock is not None
    os.close(lock)
