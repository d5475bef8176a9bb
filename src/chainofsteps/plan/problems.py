"""The vocabulary of rule verify: files that manifests list, and problems of one line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BROKEN, STALE = "broken", "stale"


@dataclass(frozen=True)
class Configured:
    """The results that the configuration would make, as far as they are known before anything runs.

    recipes: {noun: recipe}. folders: {model: folder}. settings: {model: {noun: settings}}. given: where cases
    come from. cases: {task: {shard: names}}. endings: {model: {noun: how the names of a case's items end}}. items:
    {noun: names of its items}, where they are no cases. joined: {table: tables whose lines it holds}. made: {table:
    what it is made from}. figures: their PDFs, drawn for `model`.
    """

    recipes: Mapping[str, int] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    endings: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    items: Mapping[str, Sequence[str]] = field(default_factory=dict)
    joined: Mapping[str, Sequence[str]] = field(default_factory=dict)
    made: Mapping[str, Sequence[str]] = field(default_factory=dict)
    figures: Sequence[str] = ()
    model: str = ""


@dataclass(frozen=True)
class Problem:
    """state: broken or stale. words: one line that names the file, what is wrong with it, and the mend."""

    state: str
    words: str

    def __str__(self) -> str:
        return f"{self.state}: {self.words}"


@dataclass(frozen=True)
class Listed:
    """A file that a manifest lists. given: it came from outside, so that it cannot be made anew."""

    path: Path
    sha256: str
    manifest: Path
    given: bool = False


@dataclass(frozen=True)
class Report:
    """All problems, and the number of files that manifests list."""

    problems: list[Problem]
    files: int

    @property
    def broken(self) -> bool:
        return any(problem.state == BROKEN for problem in self.problems)

    def __str__(self) -> str:
        """The count."""
        count = [f"{sum(p.state == state for p in self.problems)} {state}" for state in (BROKEN, STALE)]
        return f"{self.files} files checked: {', '.join(count)}"


def changed(path: Path) -> Problem:
    """A manifest that is not as it was written."""
    return Problem(BROKEN, f"{path} was changed after it was written: its hash is not its own; delete it and run again")


def stale(path: Path, reasons: Sequence[str]) -> Problem:
    """Whole, but it would now come out otherwise."""
    return Problem(STALE, f"{path}: {'; '.join(reasons)}; `snakemake -- {path}` makes it anew")
