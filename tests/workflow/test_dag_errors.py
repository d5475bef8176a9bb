"""What is wrong stops in one line, before anything runs or with nothing half written."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra

from tests.workflow.figure3 import FRAMES, SHARDED, STEPS
from tests.workflow.running import ROOT, jobs_of, snakemake

# All tests of `drawn` read one run: pytest-xdist must keep them in one process.
pytestmark = pytest.mark.xdist_group("dag")


ADAPTER = {"folder": "nowhere", "high": "x.safetensors", "alpha": 1.0}
BAD = [
    (
        {"noise": {"amplitud": 2}},
        "error: config.yaml, run.yaml, change.yaml: unknown key 'noise.amplitud'; did you mean 'amplitude'?",
    ),
    ({"modle": "tiny"}, "unknown key 'modle'; did you mean 'model'?"),
    ({"models": {"tiny": {"teacache": True}}}, "unknown key 'models.tiny.teacache'"),
    ({"noise": {"steps": [STEPS]}}, f"noise.steps: step {STEPS} is out of range"),
    ({"noise": {"frames": [FRAMES]}}, f"noise.frames: frame {FRAMES} is out of range"),
    ({"similarity": {"features": ["block:2"]}}, "layer 2 is out of range; this model has layers 0 to 1"),
    ({"models": {"tiny": {"boundary": 0.5}}}, "has one expert: set boundary to null"),
    ({"models": {"tiny": {"steps": 20.0}}}, "'models.tiny.steps' is 20.0, but must be a whole number"),
    ({"models": {"tiny": {"compile": "eager", "group_offload": True}}}, "has both `group_offload` and `compile`"),
    ({"models": {"tiny": {"folder": "nowhere"}}}, "nowhere has no model_index.json; give the folder of a diffusers"),
    ({"models": {"tiny": {"lora": ADAPTER}}}, "models.tiny.lora: there is no adapter"),
    ({"cases": {"folder": "x" * 300}}, "/In-Domain_50/loop_maze: File name too long; check the folders in config"),
    ({"models": {"tiny": {"folder": "x" * 300}}}, "/model_index.json: File name too long; check the folders in config"),
    ({"cases": {"folder": "nowhere"}}, "has no task 'loop_maze' under In-Domain_50 or Out-of-Domain_50"),
    ({"shared": ["nowhere"]}, f"shared: {ROOT / 'nowhere'} holds no results; give the results folder of another run"),
    ({"cases": {"tasks": ["loop_mase"]}}, "'loop_mase', which is no puzzle made here; did you mean 'loop_maze'?"),
]


@pytest.mark.parametrize("change, words", BAD, ids=[str(change) for change, _ in BAD])
def test_bad_configuration_stops_in_one_line_before_anything_runs(drawn, tmp_path, change, words):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    run = snakemake(tmp_path, "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 1
    errors = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and words in errors[0], run.stdout
    assert "Traceback" not in run.stdout
    assert {path.name for path in tmp_path.iterdir()} <= {"run.yaml", "change.yaml", ".snakemake"}


def test_a_folder_of_a_model_that_is_not_chosen_does_not_matter(drawn):
    other = {"like": "tiny", "folder": "nowhere", "lora": ADAPTER}
    run = snakemake(drawn[0], "-n", "--", "figures/fig3.pdf", change={"models": {"other": other}})
    assert run.returncode == 0 and "Nothing to be done" in run.stdout, run.stdout
    run = snakemake(drawn[0], "-n", "--", "results/model/other.json", change={"models": {"other": other}})
    assert run.returncode == 1 and "error: models.other: " in run.stdout and "Traceback" not in run.stdout


def test_a_python_that_a_shell_would_not_find_stops_in_one_line(drawn, tmp_path):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    (tmp_path / "my venv").symlink_to(Path(sys.executable).parents[1])
    command = [tmp_path / "my venv" / "bin" / Path(sys.executable).name, "-m", "snakemake", "-s", ROOT / "Snakefile"]
    command += ["--directory", tmp_path, "--configfile", tmp_path / "run.yaml", "-n", "--", "figures/fig3.pdf"]
    run = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    errors = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "without quotes, which ' ' would break; move this Python" in errors[0], run.stderr


@pytest.mark.parametrize("name", ["results", "figures"])
def test_output_folder_that_cannot_be_written_stops_in_one_line(drawn, tmp_path, name):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    (tmp_path / name).touch()  # a file in its place, since root may write everywhere
    run = snakemake(tmp_path, "--", "figures/fig3.pdf")
    assert run.returncode == 1 and "Traceback" not in run.stdout
    assert f"error: cannot write {tmp_path / name}; make it a writable folder" in run.stdout


def test_task_without_a_scorer_stops_before_anything_runs(drawn, tmp_path):
    folder = drawn[0] / "results/cases/embedded/In-Domain_50/loop_maze"
    shutil.copytree(folder, tmp_path / "bench/In-Domain_50/G-1_unknown")
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    change = {"cases": {"folder": str(tmp_path / "bench"), "tasks": ["G-1_unknown"]}}
    run = snakemake(tmp_path, "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 1 and "error: task 'G-1_unknown' has no scorer" in run.stdout
    assert not (tmp_path / "results").exists()
    assert "ask for its CKA, results/tiny/tables/fig3_cka.csv" in run.stdout
    # but for the scores, any folder in the benchmark's layout will do
    run = snakemake(tmp_path, "-n", "--", "results/tiny/tables/fig3_cka.csv", change=change)
    assert run.returncode == 0, run.stdout
    assert jobs_of(run.stdout) == dict.fromkeys(["model", "cases", *SHARDED[:-1], "fig3_cka"], 1)


def test_bad_case_fails_in_one_line_and_leaves_nothing_half_written(drawn, tmp_path):
    bench = tmp_path / "bench/In-Domain_50/loop_maze"
    shutil.copytree(drawn[0] / "results/cases/embedded/In-Domain_50/loop_maze", bench)
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    change = {"cases": {"folder": str(tmp_path / "bench")}, "noise": {"frames": [1, FRAMES]}}
    run = snakemake(tmp_path, "--", "results/cases/loop_maze/00.json", change=change)
    assert run.returncode == 1
    assert f"error: case loop_maze/00000: noise.frames: frame {FRAMES} is out of range" in run.stdout
    (bench / "00001" / "prompt.txt").unlink()
    run = snakemake(tmp_path, "--", "results/cases/loop_maze/00.json", change=change)
    assert run.returncode == 1
    assert "error: case loop_maze/00001 has no prompt.txt" in run.stdout
    assert "Traceback" not in (tmp_path / "results/logs/cases/loop_maze/00.log").read_text()
    assert not (tmp_path / "results/cases/loop_maze/00.json").exists()


@pytest.mark.parametrize(
    "target, words",
    [
        ("figures/fg3.pdf", "nothing makes figures/fg3.pdf; did you mean 'figures/fig3.pdf'?"),
        ("figures/FIG3.PDF", "nothing makes figures/FIG3.PDF; did you mean 'figures/fig3.pdf'?"),
        ("fgi3", "nothing makes fgi3; did you mean 'fig3'?"),
        ("results/tinny/tables/fig3_cka.csv", "did you mean 'results/tiny/tables/fig3_cka.csv'?"),
        ("xyz", "nothing makes xyz; `snakemake --list` and figures/README.md list what can be made"),
    ],
)
def test_a_mistyped_target_names_the_nearest(drawn, target, words):
    run = snakemake(drawn[0], "-n", "--", target)
    assert run.returncode == 1 and "Exception" not in run.stdout
    (error,) = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert words in error


def test_a_gpu_type_that_snakemake_takes_not_stops_with_the_mend(drawn, tmp_path):
    """And the mend is one that its SLURM executor takes; SLURM itself took it in a run by hand."""
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    profile["set-resources"]["conditioning"]["gpu_model"] = "a100-sxm4-80gb"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(profile))
    run = snakemake(drawn[0], "-n", "--workflow-profile", str(tmp_path), "--", "figures/fig3.pdf")
    (error,) = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert "gpu_model of conditioning is 'a100-sxm4-80gb'" in error
    written = re.findall("`(.*?)`", error)
    mend = SimpleNamespace(**yaml.safe_load("\n".join(written)))
    assert mend.gpu == 0 and mend.slurm_extra.strip("'") == "--gpus-per-node=a100-sxm4-80gb:1"
    validate_slurm_extra(SimpleNamespace(resources=mend))


@pytest.mark.parametrize("name, value", [("HF_HUB_ETAG_TIMEOUT", "soon"), ("ALL_PROXY", "ftp://proxy")])
def test_an_environment_that_no_download_can_be_made_in_stops_before_anything_runs(drawn, tmp_path, name, value):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    source = {"repo": "nobody/nothing", "revision": None}
    change = {"models_folder": str(tmp_path), "models": {"far": {"like": "tiny", "source": source}}}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(name, value)
        run = snakemake(tmp_path, "-n", "--", "results/model/far.json", change=change)
    assert run.returncode == 1 and f"error: {name} is " in run.stdout and "Traceback" not in run.stdout
