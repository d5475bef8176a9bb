"""Which tasks and seeds the sections of a configuration ask for."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..names import BENCHMARK, IN_DOMAIN, PUZZLES

SECTIONS = ("cases", "x0_pred", "candidates", "ensemble", "frames", "activations", "swap")
ALL = {
    "skill": BENCHMARK,
    "x0_pred": IN_DOMAIN,
    "ensemble": BENCHMARK,
    "candidates": IN_DOMAIN,
}  # what the word stands for


def tasks_of(config: Mapping[str, Any], section: str) -> list[str]:
    """The tasks of a section: puzzles that are made here, or of a folder the tasks of `cases`.

    Skill is of the embedded benchmark, wherever the cases come from.
    """
    if section != "skill" and config["cases"]["folder"] is not None:
        return list(config["cases"]["tasks"])
    if section == "swap":
        return [config["swap"]["task"]]
    tasks = config[section]["tasks"]
    return list(ALL[section] if tasks == "all" else tasks)


def tasks_by_section(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """The tasks that each section asks for."""
    return {name: tasks_of(config, name) for name in SECTIONS}


def number_of(cases: Mapping[str, Any], task: str) -> int:
    """How many cases of a puzzle are made here; cases: that section of a configuration."""
    return cases["number"] if task in cases["tasks"] else cases["number_elsewhere"]


def weighed_number(config: Mapping[str, Any], task: str) -> int:
    """How many cases of a puzzle are made here in all: those of every probe, and more for candidates."""
    more = config["candidates"]["number"] if task in tasks_of(config, "candidates") else 0
    return max(number_of(config["cases"], task), more)


def shards_of(names: Sequence[str], shared: int, config: Mapping[str, Any]) -> list[list[str]]:
    """The cases of each shard of a task, at most `cases.shard_size` in one.

    names: of all cases. shared: how many of them every probe takes. They fill shards of their own, the first ones. The
    shards of the others have a size of their own, since nothing but candidates is measured on them.
    """
    sizes = config["cases"]["shard_size"], config["candidates"]["shard_size"]
    parts = zip((list(names[:shared]), list(names[shared:])), sizes, strict=True)
    return [part[first : first + most] for part, most in parts for first in range(0, len(part), most)]


def untouched_seeds(config: Mapping[str, Any]) -> list[int]:
    """Seeds of the untouched runs of every case, each once: those of `trajectory`, the null, those of `ensemble`.

    The last where Figure 7 can be drawn: of puzzles that are made here.
    """
    runs = config["trajectory"]
    merged = config["ensemble"]["seeds"] if {*PUZZLES} & {*tasks_of(config, "ensemble")} else []
    return list(dict.fromkeys([*runs["seeds"], runs["null_seed"], *merged]))
