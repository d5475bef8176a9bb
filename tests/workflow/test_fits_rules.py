"""A job that cannot fit the stated GPU, or a picture too large for the model, stops before anything runs."""

import shutil

import pytest

from tests.workflow.running import jobs_of, snakemake

pytestmark = pytest.mark.xdist_group("dag")
SMALL = {"gpu_memory_gb": 1e-6}


def errors_of(run):
    return [line for line in run.stdout.splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize("options", [["-n"], []], ids=["dry run", "run"])
def test_a_job_that_cannot_fit_stops_in_one_line(drawn, tmp_path, options):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    run = snakemake(tmp_path, *options, "--", "figures/fig3.pdf", change=SMALL)
    (error,) = errors_of(run)
    assert run.returncode == 1 and "Traceback" not in run.stdout and not (tmp_path / "results").exists()
    assert " GB on its GPU (" in error and "more than the 1e-06 GB of gpu_memory_gb; take a larger GPU" in error
    assert error.split()[1] in ("conditioning", "trajectory", "noise", "score")


def test_with_enough_memory_it_runs(drawn, tmp_path):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    run = snakemake(tmp_path, "-n", "--", "figures/fig3.pdf", change={"gpu_memory_gb": 24})
    assert run.returncode == 0 and jobs_of(run.stdout)["noise"] == 1, run.stdout


def test_jobs_that_are_done_or_need_no_gpu_are_not_asked(drawn, tmp_path):
    run = snakemake(drawn[0], "-n", "--", "figures/fig3.pdf", change=SMALL)
    assert run.returncode == 0 and "Nothing to be done" in run.stdout, run.stdout
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    run = snakemake(tmp_path, "-n", "--", "results/cases/loop_maze/00.json", change=SMALL)
    assert run.returncode == 0 and jobs_of(run.stdout) == {"cases": 1}, run.stdout


def test_a_model_that_is_away_is_refused_by_what_is_published(drawn, tmp_path):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    large = {"model": "vbvr-wan2.2", "gpu_memory_gb": 24}
    (error,) = errors_of(snakemake(tmp_path, "-n", "--", "results/vbvr-wan2.2/tables/fig3_cka.csv", change=large))
    assert "needs about 28." in error and "(one expert and its forward)" in error and "group_offload: true" in error
    unknown = {"model": "mine", "gpu_memory_gb": 24, "models": {"mine": MINE}}
    run = snakemake(tmp_path, "-n", "--", "results/mine/tables/fig3_cka.csv", change=unknown)
    assert run.returncode == 0, run.stdout


MINE = {
    "source": {"repo": "me/mine", "revision": None},
    "steps": 4,
    "shift": 5.0,
    "guidance_scale": 1.0,
    "boundary": None,
    "timestep_dtype": "float32",
    "dtype": "bfloat16",
    "max_sequence_length": 512,
    "negative_prompt": "",
    "batch_size": 1,
}


def test_pictures_that_are_too_large_for_the_model_stop_in_one_line(drawn, tmp_path):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    run = snakemake(tmp_path, "--", "figures/fig3.pdf", change={"cases": {"size": "832x480"}})
    (error,) = errors_of(run)
    assert run.returncode == 1 and "Traceback" not in run.stdout and not (tmp_path / "results").exists()
    assert "'cases.size' is 832x480, but " in error and "at most 512 pixels a side (rope_max_seq_len 32" in error
    run = snakemake(tmp_path, "-n", "--", "figures/fig3.pdf", change={"cases": {"size": "512x512"}})
    assert run.returncode == 0, run.stdout
