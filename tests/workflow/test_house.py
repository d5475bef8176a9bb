"""What holds before anything runs: lint on a bare clone, one set of versions, documented keys."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from written_rules import rules_with_gpu, written_rules

from chainofsteps.config.schema import keys, options, schema

ROOT = Path(__file__).parents[2]
PARTS = ["Snakefile", "config.yaml", "workflow", "scripts", "envs", "profiles", "src"]


@pytest.fixture
def bare_clone(tmp_path):
    """The repository without weights and results, on a machine where torch cannot be imported."""
    clone, blocked = tmp_path / "clone", tmp_path / "blocked"
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        clone.mkdir(exist_ok=True)
        copy(ROOT / part, clone / part)
    index = Path("models", "embedded", "model_index.json")
    (clone / index).parent.mkdir(parents=True)
    shutil.copy(ROOT / index, clone / index)
    blocked.mkdir()
    for name in ("torch", "diffusers", "transformers"):
        (blocked / f"{name}.py").write_text(f"raise ImportError('{name} was imported')\n")

    def run(*command):
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(blocked)}
        arguments = [sys.executable, "-m", *command]
        return subprocess.run(arguments, cwd=clone, env=environment, capture_output=True, text=True)

    return run


def test_lint_passes_on_a_bare_clone_without_torch(bare_clone):
    assert "torch was imported" in bare_clone("torch").stderr
    lint = bare_clone("snakemake", "--lint")
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_dag_is_built_on_a_bare_clone_without_torch(bare_clone):
    dry = bare_clone("snakemake", "-n", "figures/fig3.pdf")
    assert dry.returncode == 0, dry.stdout + dry.stderr


def test_what_the_snakefile_imports_is_light():
    text = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    used = sorted(set(re.findall(r"^from (chainofsteps[\w.]*) import", text, re.M)))
    heavy = ["torch", "pandas", "numpy"]
    program = f"import sys, {', '.join(used)}; print([name for name in {heavy} if name in sys.modules])"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert used and run.stdout.strip() == "[]", run.stdout + run.stderr


def test_snakefmt_agrees():
    check = [sys.executable, "-m", "snakefmt", "--check", "Snakefile", "workflow"]
    assert subprocess.run(check, cwd=ROOT, capture_output=True).returncode == 0


def test_rules_say_all_they_must():
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for rule, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", path.read_text(), re.M):
            keywords = set(re.findall(r"^    (\w+):", body, re.M))
            if keywords != {"input"}:  # a rule that only names what others make
                needed = {
                    "input",
                    "output",
                    "log",
                    "benchmark",
                    "params",
                    "resources",
                    "threads",
                    "conda",
                    "script",
                }
                if rule in ("verify", "plan"):  # without files of its own, so that it runs whenever it is asked for
                    needed -= {"input", "output", "benchmark"}
                assert keywords - {"priority"} == needed, f"{path.name}: {rule}"
                assert {"recipe", "gpu", "mem_mb", "runtime"} <= set(re.findall(r"(\w+)=", body)), rule


def test_scripts_do_not_import_each_other():
    scripts = sorted((ROOT / "scripts").glob("*.py"))
    for path in scripts:
        lines = path.read_text().splitlines()
        imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
        assert not imported & {other.stem for other in scripts}, path


def locked():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_lock_holds_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked()[requirement.name]), text


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_conda_environments_hold_every_dependency_at_the_version_of_the_lock(name):
    content = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    lines = [line for line in content["dependencies"][-1]["pip"] if not line.startswith("--")]
    pinned = {Requirement(line).name: str(Requirement(line).specifier) for line in lines}
    assert pinned == {package: f"=={locked()[package]}" for package in pinned}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {Requirement(text).name for text in project["dependencies"]}
    assert set(pinned) == needed - {"snakemake-executor-plugin-slurm"}  # which the driver alone needs


def test_every_key_of_the_schema_is_described_and_no_other_is_allowed():
    known = dict(keys(schema()))
    assert known["models.<name>.boundary"] and known["noise.operators"]
    described = {place: any("description" in part for part in (key, *options(key))) for place, key in known.items()}
    assert len(described) > 100 and [place for place, is_described in described.items() if not is_described] == []
    sections = [kind for key in known.values() for kind in options(key) if "properties" in kind]
    assert len(sections) > 15 and all(kind["additionalProperties"] is False for kind in [schema(), *sections])


def test_ruff_agrees():
    for check in (["check", "."], ["format", "--check", "."]):
        run = subprocess.run([sys.executable, "-m", "ruff", *check], cwd=ROOT, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout


def test_the_slurm_profile_knows_every_rule_that_takes_a_gpu():
    """One that it does not know would ask for any GPU at all, with the embedded model's memory."""
    known = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())["set-resources"]
    assert rules_with_gpu() == {name for name, asked in known.items() if "gpu_model" in asked}
    assert set(known) <= set(written_rules())
