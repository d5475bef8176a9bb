"""Which cases a job is of, and how large each is, before any is made, read or downloaded. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..bench import vbvr
from ..config.tasks import number_of
from ..model.sizes import EMBEDDED_FRAMES, latent_frames_of
from ..names import case_names
from .jobs import Job
from .model import Model

EMBEDDED_SIDE = 64  # pixels of a puzzle made here
Size = tuple[int, int, int]  # frames, height, width


@dataclass(frozen=True)
class Cases:
    """The configured cases. root: what their folder is relative to."""

    config: Mapping[str, Any]
    root: Path

    @property
    def known(self) -> bool:
        """Whether their sizes are: those of a benchmark that is not downloaded yet are not."""
        asked = self.config["cases"]
        return asked["folder"] is None or not asked["source"] or Path(self.root, asked["folder"]).is_dir()

    @cached_property
    def _read(self) -> dict[str, list[Size]]:
        return {}

    def names(self, task: str) -> list[str]:
        """Of a task, in order."""
        asked = self.config["cases"]
        if asked["folder"] is None:
            return [f"{index:05d}" for index in range(number_of(asked, task))]
        if asked["source"]:
            return list(vbvr.CASES[: asked["number"]])
        return case_names(Path(self.root, asked["folder"]), task)[: asked["number"]]

    def sizes(self, job: Job) -> list[Size] | None:
        """Of the cases of a job's shard; None if they are not known. A job without a shard has none."""
        if "shard" not in job.wildcards:
            return []
        first, found = self.first(job), self.of_task(job.wildcards["task"])
        return found and found[first : first + self.config["cases"]["shard_size"]]

    def first(self, job: Job) -> int:
        """Which case of its task is the first of a job's shard."""
        return int(job.wildcards["shard"]) * self.config["cases"]["shard_size"]

    def number(self, job: Job) -> int:
        """How many cases the job's shard has."""
        if "shard" not in job.wildcards:
            return 0
        size = self.config["cases"]["shard_size"]
        return len(self.names(job.wildcards["task"])[self.first(job) :][:size])

    def of_task(self, task: str) -> list[Size] | None:
        """Of all configured cases of a task; None if they are not known."""
        if not self.known:
            return None
        asked, names = self.config["cases"], self.names(task)
        if asked["folder"] is None:
            return [(EMBEDDED_FRAMES, EMBEDDED_SIDE, EMBEDDED_SIDE)] * len(names)
        if task not in self._read:
            from ..bench.cases import read_cases

            found = read_cases(Path(self.root, asked["folder"]), task, names)
            self._read[task] = [(case.frames, case.height, case.width) for case in found]
        return self._read[task]


def latents_of(size: Size, model: Model) -> int:
    """Numbers in the latents of a video: C F h w."""
    frames, height, width = size
    return model.latent_channels * latent_frames_of(frames) * (height // model.stride) * (width // model.stride)


def tokens_of(size: Size, model: Model) -> int:
    """Tokens of one forward: patches of 1 x 2 x 2 latents."""
    return latents_of(size, model) // model.latent_channels // 4
