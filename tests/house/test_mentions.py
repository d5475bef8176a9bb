"""Pages, docstrings and comments name files, modules and functions that exist."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "src", "scripts", "benchmarks", "tests", "workflow", "notebooks")
FILES = {path.relative_to(ROOT).as_posix() for part in FOLDERS for path in (ROOT / part).rglob("*.*")}
PATHS = re.compile(r"(?<![\w./*<{%-])((?:[\w-]+/)*[\w-]+\.(?:py|smk|ipynb))\b")
DOTTED = re.compile(r"(?<![\w.])chainofsteps(?:\.[A-Za-z]\w*)+")
ELSEWHERE = {"scripts/convert_wan_to_diffusers.py"}  # of diffusers
# CHANGELOG.md names the modules of its time; docs/extend.md names files that a reader writes, as test_extend.py does.
APART = {"CHANGELOG.md", "docs/extend.md"}
TEXTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "*.md",
        "docs/*.md",
        "*/README.md",
        "models/*/*.md",
        "Makefile",
        "*.yaml",
        "configs/*.yaml",
        "Snakefile",
        "src/**/*.py",
        "scripts/*.py",
        "benchmarks/*.py",
        "workflow/**/*.smk",
        "workflow/**/*.rst",
        "workflow/**/*.yaml",
    )
    for path in ROOT.glob(pattern)
    if path.relative_to(ROOT).as_posix() not in APART
)


def missing_files(text: str) -> list[str]:
    """Paths, whole or by their end, that no file of the repository has."""
    ends = {"/".join(parts[start:]) for parts in map(_parts, FILES) for start in range(len(parts))}
    return [path for path in PATHS.findall(text) if path not in ends | ELSEWHERE]


def _parts(path: str) -> list[str]:
    return path.split("/")


def missing_names(text: str) -> list[str]:
    """Dotted names of the package that lead to no module, class or function."""
    return [name for name in DOTTED.findall(text) if not _exists(name)]


def _exists(name: str) -> bool:
    """The longest part that is a module is imported; the rest are its attributes."""
    parts = name.split(".")
    folders = [ROOT / "src" / Path(*parts[:length]) for length in range(1, len(parts) + 1)]
    depth = sum(folder.is_dir() or folder.with_suffix(".py").is_file() for folder in folders)
    thing = importlib.import_module(".".join(parts[:depth]))
    for attribute in parts[depth:]:
        if not hasattr(thing, attribute):
            return False
        thing = getattr(thing, attribute)
    return True


@pytest.mark.parametrize("name", TEXTS)
def test_names_lead_somewhere(name):
    text = (ROOT / name).read_text()
    assert (missing_files(text), missing_names(text)) == ([], []), name


def test_names_that_lead_nowhere_are_noticed():
    text = "probes/swap/forwards.py, model/wan.py, rules/noise.smk; `chainofsteps.verify`, `chainofsteps.names.NAME`"
    assert missing_files(text) == ["probes/swap/forwards.py"]
    assert missing_names(text) == ["chainofsteps.verify"]
