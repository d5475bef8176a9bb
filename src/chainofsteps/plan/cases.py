"""The cases of a job, and the size of each, before any is made, read or downloaded. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..bench import vbvr
from ..bench.sizes import fitted_to, made_frames, made_size
from ..config.tasks import asked_number, levels, levels_of_folder, seeds_by_noun, shards_of, tasks_of
from ..names import case_names
from ..probes.count import ModelSizes, Shard, VideoSize
from .jobs import Job
from .rules import panels_of


@dataclass(frozen=True)
class Cases:
    """The configured cases. root: the folder that theirs is relative to."""

    config: Mapping[str, Any]
    root: Path

    @property
    def known(self) -> bool:
        """Their sizes are known: those of a benchmark that is not downloaded yet are not."""
        section = self.config["cases"]
        return section["folder"] is None or not section["source"] or Path(self.root, section["folder"]).is_dir()

    @cached_property
    def _read(self) -> dict[str, list[VideoSize]]:
        return {}

    def names(self, task: str) -> list[str]:
        """All cases of a task, in order: those of every probe first."""
        section = self.config["cases"]
        if section["folder"] is None:
            return [f"{index:05d}" for index in range(max(levels(self.config, task)))]
        if section["source"]:
            return list(vbvr.CASES[: section["number"]])
        return case_names(Path(self.root, section["folder"]), task, section["number"])

    def of_task(self, task: str) -> list[VideoSize] | None:
        """The sizes of all configured cases of a task; None if they are not known."""
        if not self.known:
            return None
        section, names = self.config["cases"], self.names(task)
        if section["folder"] is None:
            return [VideoSize(made_frames(section), *made_size(section, task))] * len(names)
        if task not in self._read:
            from ..bench.cases import read_cases

            cases = read_cases(
                Path(self.root, section["folder"]), task, names, frames=section["frames"], fitted=fitted_to(section)
            )
            self._read[task] = [VideoSize(case.frames, case.height, case.width) for case in cases]
        return self._read[task]

    def shard(self, job: Job, model: ModelSizes) -> Shard:
        """What the size of a job depends on, where `model` is the model that it runs."""
        wildcards, seeds_of = job.wildcards, seeds_by_noun(self.config)
        seeds = len(seeds_of.get(job.rule, seeds_of["trajectory"]))
        about = {"config": self.config, "wildcards": wildcards, "model": model, "baseline_seeds": seeds}
        if "shard" not in wildcards:
            if job.rule == "ladder":  # one job takes the cases of all its puzzles
                sizes = [size for task in tasks_of(self.config, "ladder") for size in self._first(task, "ladder")]
                return Shard(**about, case_count=len(sizes), first_case=0, sizes=sizes)
            sizes = self._shown(wildcards) if "figure" in wildcards else []
            return Shard(**about, case_count=0, first_case=0, sizes=sizes)
        section, task, names = self.config["cases"], wildcards["task"], self.names(wildcards["task"])
        made = section["folder"] is None
        sizes_of = levels(self.config, task) if made else levels_of_folder(self.config, task, len(names))
        counts = list(map(len, shards_of(names, sizes_of)))
        number, sizes = int(wildcards["shard"]), self.of_task(task)
        first, count = sum(counts[:number]), counts[number]
        return Shard(**about, case_count=count, first_case=first, sizes=sizes and sizes[first : first + count])

    def _first(self, task: str, section: str) -> list[VideoSize]:
        """The sizes of the cases of a puzzle that a section takes."""
        return self.of_task(task)[: asked_number(self.config, section, task)]

    def _shown(self, wildcards: Mapping[str, str]) -> list[VideoSize] | None:
        """The size of the case of each panel of a figure; None if they are not known."""
        shown = [(panel["puzzle"], panel["case"]) for panel in panels_of(self.config, wildcards)]
        if not self.known:
            return None
        return [self.of_task(task)[self.names(task).index(case)] for task, case in shown]
