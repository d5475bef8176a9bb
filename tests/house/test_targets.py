"""benchmarks/targets.py: the minutes of a target are those of all its jobs, and no others."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def targets(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import targets

    yield targets
    sys.modules.pop("targets")


def rule(name, source, result):
    return f"""
rule {name}:
    input: {source!r}
    output: {result!r}
    benchmark: "benchmarks/{name}.tsv"
    shell: "false"
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A folder in which b was made from a, and c beside them, with the CPU seconds of each job."""
    monkeypatch.chdir(tmp_path)
    Path("Snakefile").write_text(rule("a", [], "a.txt") + rule("b", ["a.txt"], "b.txt") + rule("c", [], "c.txt"))
    Path("benchmarks").mkdir()
    for name, seconds in (("a", 60), ("b", 180), ("c", 999)):
        Path(name).with_suffix(".txt").touch()
        Path(f"benchmarks/{name}.tsv").write_text(f"s\tcpu_time\n1\t{seconds}\n")


def test_minutes_are_those_of_all_jobs_behind_the_target(made, targets):
    assert targets.row("b.txt", cores=2) == "| `b.txt` | 2 | 2.0 |"
    assert targets.row("b.txt", cores=1) == "| `b.txt` | 2 | 4.0 |"


def test_a_target_that_was_not_made_names_what_is_missing(made, targets):
    Path("benchmarks/a.tsv").unlink()
    assert targets.row("b.txt", cores=2) == "| `b.txt` | 2 | not known: benchmarks/a.tsv is missing |"


def test_an_unknown_target_fails(made, targets):
    with pytest.raises(RuntimeError, match="no.txt"):
        targets.row("no.txt", cores=2)
