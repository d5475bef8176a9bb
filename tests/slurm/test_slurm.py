"""The workflow on a real SLURM: run by `make test-slurm`, and left out of `make test`."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from cluster import GPU_TYPE, GPUS

ROOT = Path(__file__).parents[2]
SHARDS, STEPS = 3, 4  # one shard more than GPUs: somebody has to wait
GPU_RULES = {"conditioning", "trajectory", "noise", "score"}
JOBS = {"model": 1, "cases": SHARDS, **dict.fromkeys(GPU_RULES, SHARDS), "fig3_scores": 1, "fig3_cka": 1, "fig3": 1}
pytestmark = pytest.mark.slurm


# As parts of a path, and as a text: commands that leave a file behind.
IN_A_PATH = "; touch PWNED && touch PWNED | touch PWNED & touch PWNED # -rf ü"
EVIL = f"$(touch PWNED) `touch PWNED` '; touch PWNED;'\"; touch PWNED;\" {IN_A_PATH}"
SECRET = "hf_averysecrettokenindeed"


def snakemake(folder, profile, *arguments):
    """The driver, started in a working folder with its run.yaml; stdout and stderr together as text."""
    # a driver whose tests are gone would ask a SLURM that is gone for ever
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile"]
    command += ["--directory", folder, "--nocolor"]
    command += ["--workflow-profile", profile, "--configfile", folder / "run.yaml", *arguments]
    # sbatch hands the environment on: a GPU of the submitting shell would pass for one of the job
    environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    environment["HF_TOKEN"] = SECRET
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([*map(str, command)], env=environment, **streams)


def ended(driver):
    output, _ = driver.communicate(timeout=600)
    assert driver.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def config(checkpoint):
    """What differs from config.yaml: a model of two layers with random weights, one case in each shard."""
    embedded = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]["embedded"]
    return {
        "model": "tiny",
        "models": {"tiny": {**embedded, "folder": str(checkpoint), "steps": STEPS, "negative_prompt": EVIL}},
        "cases": {"tasks": ["loop_maze"], "number": SHARDS, "shard_size": 1},
        "statistics": {"resamples": 100},
    }


@pytest.fixture(scope="module")
def finished(slurm, config, tmp_path_factory):
    """A folder in which figures/fig3.pdf was made through sbatch, and the jobs that made it."""
    folder = tmp_path_factory.mktemp("run") / IN_A_PATH
    folder.mkdir()
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    ended(snakemake(folder, ROOT / "profiles/slurm-ci", "--", "figures/fig3.pdf"))
    return folder, slurm.jobs()


def test_every_job_went_through_sbatch_once(finished):
    folder, jobs = finished
    assert (folder / "figures/fig3.pdf").read_bytes().startswith(b"%PDF")
    assert Counter(job["Rule"] for job in jobs) == JOBS
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert {job["Requeue"] for job in jobs} == {"0"}


def test_texts_and_paths_are_no_commands_and_secrets_are_nowhere(finished):
    folder, _ = finished
    assert [path.name for path in folder.parent.iterdir()] == [IN_A_PATH] and not [*folder.rglob("PWNED")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 30 and not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_gpu_jobs_asked_for_a_gpu_and_got_it(slurm, finished):
    devices = slurm.devices()
    for job in finished[1]:
        if job["Rule"] in GPU_RULES:
            assert job["TresPerJob"] == "gres:gpu:1", job
            assert job["JOB_GRES"] == f"gpu:{GPU_TYPE}:1", job
            script, step = devices[job["JobId"]]
            assert script == step and step in {"0", "1"}, job


def test_cpu_jobs_asked_for_no_gpu_and_got_none(slurm, finished):
    devices = slurm.devices()
    for job in finished[1]:
        if job["Rule"] not in GPU_RULES:
            assert "TresPerJob" not in job and job["JOB_GRES"] == "(null)", job
            assert devices[job["JobId"]] == ["none", "none"], job


def test_no_more_gpu_jobs_at_once_than_gpus(slurm, finished):
    jobs, devices = [job for job in finished[1] if job["Rule"] in GPU_RULES], slurm.devices()
    # times are whole seconds, rounded down: a job that starts in the second in which another ends is not beside it
    at_once = [[job for job in jobs if began(job) <= moment < end(job)] for moment in map(began, jobs)]
    assert max(map(len, at_once)) == GPUS  # and not 1: both were in use
    for together in at_once:
        assert len({devices[job["JobId"]][0] for job in together}) == len(together), together


def test_profile_for_users_asks_for_more_after_a_failure(slurm, config, tmp_path):
    """profiles/slurm as it stands, but for the account: this cluster has none. A job of it is cancelled once."""
    text = (ROOT / "profiles/slurm/config.yaml").read_text().splitlines(keepends=True)
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile/config.yaml").write_text("".join(line for line in text if "slurm_account" not in line))
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    before = {job["JobId"] for job in slurm.jobs()}

    def jobs(rule):
        return [job for job in slurm.jobs() if job["Rule"] == rule and job["JobId"] not in before]

    patience = ["--slurm-init-seconds-before-status-checks", "2"]
    driver = snakemake(tmp_path, tmp_path / "profile", *patience, "--", "results/tiny/conditioning/loop_maze/00.json")
    while not jobs("conditioning"):
        assert driver.poll() is None, driver.stdout.read()
        time.sleep(0.2)
    subprocess.run(["scancel", jobs("conditioning")[0]["JobId"]], check=True)
    ended(driver)

    first, second = sorted(jobs("conditioning"), key=lambda job: int(job["JobId"]))
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert (requested_mb(first), requested_mb(second)) == (32000, 64000)
    for job in (first, second):
        assert job["TresPerJob"] == f"gres:gpu:{GPU_TYPE}:1"
        assert (job["TimeLimit"], job["Requeue"]) == ("01:00:00", "0")
    (model,) = jobs("model")
    assert "TresPerJob" not in model and (requested_mb(model), model["TimeLimit"]) == (4000, "02:00:00")


def began(job):
    return time.mktime(time.strptime(job["StartTime"], "%Y-%m-%dT%H:%M:%S"))


def end(job):
    return time.mktime(time.strptime(job["EndTime"], "%Y-%m-%dT%H:%M:%S"))


def requested_mb(job):
    """From 4000M or 62.50G, as scontrol shows whatever is shorter."""
    memory = job["MinMemoryNode"]
    return float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]
