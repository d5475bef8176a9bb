"""What the rules make of the configuration: the same in other words, names like our words, downloads that are gone."""

import shutil

import pytest
import yaml

from chainofsteps.bench import vbvr
from chainofsteps.files import write_json
from tests.workflow.running import ROOT, jobs_of, snakemake

# All tests of `drawn` read one run: pytest-xdist must keep them in one process.
pytestmark = pytest.mark.xdist_group("dag")
SOURCE = {"repo": "someone/tiny", "revision": None}
MANIFEST = "results/download/someone/tiny/main.json"


def test_the_same_settings_in_other_words_make_nothing_anew(drawn):
    entry = {"guidance_scale": 1, "shift": 3, "compile": None}
    change = {"models": {"tiny": entry}, "noise": {"amplitude": 1}}
    run = snakemake(drawn[0], "-n", "--", "figures/fig3.pdf", change=change)
    assert run.returncode == 0 and "Nothing to be done" in run.stdout, run.stdout


def test_a_model_may_be_called_by_a_word_of_ours(drawn, tmp_path):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    change = {"model": "rl_score", "models": {"rl_score": {"like": "tiny"}}, "swap": {"steps": [[0]]}}
    change["activations"] = {"tasks": ["loop_maze"], "steps": [0]}
    change["activations"]["shown"] = {"task": "loop_maze", "case": "00000", "seed": 1, "step": 0}
    run = snakemake(tmp_path, "-n", "--", "figures/fig6.pdf", change=change)
    assert run.returncode == 0, run.stdout
    assert {"swap", "swap_score", "activations", "fig6"} <= set(jobs_of(run.stdout))


@pytest.mark.parametrize("of", ["model", "adapters", "cases"])
def test_a_download_that_has_gone_is_named_with_the_manifest_to_delete(drawn, tmp_path, of):
    shutil.copy(drawn[0] / "run.yaml", tmp_path)
    lora = {"source": SOURCE, "high": "x.safetensors", "alpha": 1.0}
    change = {
        "model": {"model": "hub", "models": {"hub": {"like": "tiny", "source": SOURCE}}},
        "adapters": {"models": {"tiny": {"lora": lora}}},
        "cases": {"cases": {"source": SOURCE, "tasks": [next(iter(vbvr.TASKS))], "number": 1}},
    }[of]
    change["models_folder"], target = str(tmp_path / "models"), "results/tiny/conditioning/{task}/00.json"
    task = "loop_maze" if of != "cases" else change["cases"]["tasks"][0]
    target = target.format(task=task).replace("tiny", change.get("model", "tiny"))
    run = snakemake(tmp_path, "-n", "--", target, change=change)
    assert run.returncode == 0 and jobs_of(run.stdout)["download"] == 1, run.stdout
    folder = tmp_path / "models/someone/tiny/main"
    write_json(tmp_path / MANIFEST, {"folder": str(folder)})
    run = snakemake(tmp_path, "-n", "--", target, change=change)
    assert run.returncode == 1 and "Traceback" not in run.stdout
    assert f"error: {MANIFEST} lists what is in {folder}, which is not there any more; " in run.stdout
    folder.mkdir(parents=True)
    run = snakemake(tmp_path, "-n", "--", target, change=change)
    assert run.returncode == 0, run.stdout


def test_environments_have_the_snakemake_that_their_scripts_run_once_more():
    packages = yaml.safe_load((ROOT / "envs/cpu.yaml").read_text())["dependencies"][-1]["pip"]
    for name in ("report", "plan"):
        assert "envs/cpu.yaml" in (ROOT / f"workflow/rules/{name}.smk").read_text()
    locked = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in packages if line.startswith("snakemake==")] == [
        line for line in locked if line.startswith("snakemake==")
    ]
