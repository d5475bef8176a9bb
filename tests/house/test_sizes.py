"""Nothing is longer than a reader takes in: modules, scripts and functions."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("src", "scripts", "benchmarks")
MODULE, SCRIPT, FUNCTION, MEDIAN = 300, 25, 40, 10  # lines at most; the median is that of the functions of src


def longer_than(limit: int, paths) -> dict[str, int]:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in paths}
    assert lengths
    return {name: length for name, length in lengths.items() if length > limit}


def functions_of(folder: str) -> dict[str, int]:
    """Lines of all functions and methods, from def to the end, by file and line."""
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("folder", [*CODE, "tests"])
def test_modules_are_short(folder):
    assert longer_than(MODULE, (ROOT / folder).rglob("*.py")) == {}


def test_files_of_rules_are_short():
    assert longer_than(MODULE, [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]) == {}


def test_scripts_are_short():
    assert longer_than(SCRIPT, (ROOT / "scripts").glob("*.py")) == {}


@pytest.mark.parametrize("folder", CODE)
def test_functions_are_short(folder):
    assert {name: length for name, length in functions_of(folder).items() if length > FUNCTION} == {}


def test_most_functions_are_very_short():
    lengths = functions_of("src").values()
    assert len(lengths) > 500 and statistics.median(lengths) <= MEDIAN


def test_files_of_tests_have_names_of_their_own():
    """Pytest imports them by their file's name alone: the second of a name would not run."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
