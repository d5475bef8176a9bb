"""Which tasks and seeds the sections of a configuration ask for."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..bench.vbvr import TASKS
from ..names import BENCHMARK, IN_DOMAIN, PUZZLES

SECTIONS = ("cases", "x0_pred", "candidates", "ensemble", "frames", "activations", "linear_readout", "ladder", "swap")
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


def asked_number(config: Mapping[str, Any], section: str, task: str) -> int:
    """How many cases of a puzzle that is made here a section takes, the first ones: those that every section takes, or
    its own `number` where that is more."""
    more = {
        "candidates": (tasks_of(config, "candidates"), config["candidates"]["number"]),
        "linear_readout": (tasks_of(config, "linear_readout"), config["linear_readout"]["number"]),
        "ladder": (config["ladder"]["tasks"], config["ladder"]["number"]),
        "ensemble": (config["ensemble"]["headroom"], config["ensemble"]["number"]),
        "swap": (tasks_of(config, "swap"), config["swap"]["number"]),
    }
    tasks, number = more.get(section, ((), 0))
    return max(number_of(config["cases"], task), number if task in tasks else 0)


def levels(config: Mapping[str, Any], task: str) -> dict[int, int]:
    """How many cases of a puzzle the sections take, each number once, with the size of the shards up to it.

    The least comes first, which every section takes, and the most last, which are made. What candidates alone takes
    is in shards of a size of their own, since nothing is perturbed there.
    """
    weighed = {asked_number(config, "candidates", task): config["candidates"]["shard_size"]}
    others = {asked_number(config, section, task) for section in SECTIONS if section != "candidates"}
    return dict(sorted({**weighed, **dict.fromkeys(others, config["cases"]["shard_size"])}.items()))


def paired_cases(config: Mapping[str, Any], task: str, count: int) -> int | None:
    """The number of cases, the first ones, that a swap takes of a task from a folder, which has `count`, where a scorer
    reads its videos. None if it takes none of this task."""
    asked = config["swap"]
    swapped = task == asked["task"] and config["cases"]["scorer"] == "evalkit"
    return min(asked["number"], count) if swapped else None


def levels_of_folder(config: Mapping[str, Any], task: str, count: int) -> dict[int, int]:
    """As `levels`, of the `count` cases of a task from a folder, all of which every section takes but such a swap,
    whose cases are one shard, since each is the next one's partner."""
    alike, paired = {count: config["cases"]["shard_size"]}, paired_cases(config, task, count)
    return alike if paired is None else dict(sorted({**alike, paired: paired}.items()))


def shards_of(names: Sequence[str], sizes: Mapping[int, int]) -> list[list[str]]:
    """The cases of each shard of a task. sizes: of `levels`; no shard lies on both sides of one of its numbers, so that
    each section takes whole shards."""
    shards, start = [], 0
    for end, size in sizes.items():
        shards += [list(names[first : min(first + size, end)]) for first in range(start, end, size)]
        start = end
    return shards


def untouched_seeds(config: Mapping[str, Any]) -> list[int]:
    """Seeds of the untouched runs of every case, each once: those of `trajectory`, the null, those of `ensemble`.

    The last where Figure 7 can be drawn: of cases that have a score.
    """
    runs = config["trajectory"]
    scored = {*PUZZLES, *TASKS} & {*tasks_of(config, "ensemble")}
    return list(dict.fromkeys([*runs["seeds"], runs["null_seed"], *(merged_seeds(config) if scored else [])]))


def merged_seeds(config: Mapping[str, Any]) -> list[int]:
    """The seeds of `ensemble` that are run to their end; without controls the carried one alone."""
    asked = config["ensemble"]
    return asked["seeds"] if asked["controls"] else asked["seeds"][:1]


def seeds_by_noun(config: Mapping[str, Any]) -> dict[str, list[int]]:
    """The untouched seeds that each noun of untouched runs keeps: all in `trajectory`, or some apart."""
    runs, seeds = config["trajectory"], untouched_seeds(config)
    if runs["other_seeds"] == "together":
        return {"trajectory": seeds}
    return {"trajectory": list(runs["seeds"]), "other_seeds": [seed for seed in seeds if seed not in runs["seeds"]]}
