"""docs/extend.md, applied: its blocks are written into a copy of the repository, and what they add runs there."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', re.M | re.S)
PARTS = ["Snakefile", "config.yaml", "pyproject.toml", "workflow", "scripts", "envs", "profiles", "src", "tests"]
SHARD = "results/embedded/velocity_norm/loop_maze/00"
pytestmark = pytest.mark.xdist_group("extend")  # one copy for all


def apply(folder: Path, language: str, path: str, body: str) -> None:
    """A whole file, which must be new, or a change of lines that stand in the file exactly once."""
    target = folder / path
    if language != "diff":
        assert not target.exists(), f"{path} is there already"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(body)
        return
    lines = body.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert target.read_text().count(old) == 1, f"{path} does not hold, once: {old}"
    target.write_text(target.read_text().replace(old, new))


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the repository with all blocks of the page in it."""
    folder = tmp_path_factory.mktemp("extended")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".hypothesis", "*.partial")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, folder / part)
    (folder / "models").mkdir()
    for model in ("embedded", "embedded_experts"):
        (folder / "models" / model).symlink_to(ROOT / "models" / model)
    blocks = BLOCK.findall((ROOT / "docs" / "extend.md").read_text())
    assert len(blocks) >= 10
    for block in blocks:
        apply(folder, *block)
    change = {"cases": {"tasks": ["loop_maze"], "number": 1}, "models": {"embedded": {"steps": 3, "device": "cpu"}}}
    (folder / "change.yaml").write_text(yaml.safe_dump(change))
    return folder


def run(folder, *command):
    """A Python module in the copy, with the copy's own package; what it printed, once it has succeeded."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    ended = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_added_tests_pass(extended):
    tests = ["tests/probes/velocity_norm", "tests/bench/puzzles/test_smallest.py"]
    printed = run(extended, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests)
    assert int(re.search(r"(\d+) passed", printed)[1]) >= 4


def test_what_was_added_keeps_the_rules_of_the_house(extended):
    added = [path for language, path, _ in BLOCK.findall((ROOT / "docs/extend.md").read_text()) if language != "diff"]
    python = [path for path in added if path.endswith(".py")]
    run(extended, "ruff", "check", "--no-cache", *python)
    run(extended, "ruff", "format", "--check", "--no-cache", *python)
    run(extended, "snakefmt", "--check", *[path for path in added if path.endswith(".smk")])
    rules = ["tests/house/test_house_arrows.py", "tests/workflow/test_house.py"]
    names = "arrows or room or import or rules_say or scripts_are or slurm_profile"
    run(extended, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *rules, "-k", names)


def test_the_plan_counts_the_probe_and_the_workflow_runs_it(extended):
    target = f"{SHARD}.csv"
    configs = ["--config", "config.yaml", "change.yaml"]
    planned = json.loads(run(extended, "chainofsteps", "plan", target, "--json", *configs))
    options = ["--cores", "1", "--quiet", "all", "--configfile", "change.yaml", "--", target]
    run(extended, "snakemake", *options)
    with (extended / target).open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["step"] for row in rows] == ["0", "1", "2"] and all(float(row["norm"]) > 0 for row in rows)
    ran = json.loads((extended / f"{SHARD}.json").read_text())["forwards"]
    assert ran == planned["forwards"]["velocity_norm"]["planned"] == 3
