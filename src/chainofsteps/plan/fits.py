"""Whether a job fits the GPU that the configuration states: asked for every job that is to run, before any is queued.

No torch here. Memory that is not known before a download, or before the cases of a folder are read, refuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..probes.count import JobCount, Loaded, UnknownError
from .cases import Cases
from .jobs import Job
from .memory import Memory, memory_of
from .model import Model, model_of
from .rules import counts

GB = 1e9


def check_fits(rule: str, count: JobCount, memory: Memory, model: Model, stated: float) -> None:
    """InputError if a job of a rule needs more than the stated GB on its GPU, as far as that is known."""
    if memory.total <= stated * GB:
        return
    runs_network = count.loaded in (Loaded.EXPERT, Loaded.PIPELINE)
    mends = ["a smaller batch_size"] * (count.batched and model.batch_size > 1)
    mends += ["group_offload: true"] * (runs_network and not model.offloaded)
    raise InputError(
        f"{rule} needs about {memory.total / GB:.1f} GB on its GPU ({memory.what}), more than the "
        f"{stated:g} GB of gpu_memory_gb; take {', or '.join(['a larger GPU', *mends])}"
    )


@dataclass(frozen=True)
class Fits:
    """The GPU of a settled configuration. root: what its paths are relative to, the Snakefile's folder."""

    config: Mapping[str, Any]
    root: Path

    def check(self, rule: str, wildcards: Mapping[str, str]) -> None:
        """InputError if a job cannot fit. Clips of a folder are not read for it: there the weights alone tell."""
        name = wildcards.get("model", self.config["model"])
        if name not in self._models:
            self._models[name] = model_of(self.config, name, self.root)
        model, count = self._models[name], counts()[rule]
        try:
            shard = self._cases.shard(Job(rule, dict(wildcards)), model)
            memory = memory_of(count, shard)
        except UnknownError:
            return
        if memory is not None:
            check_fits(rule, count, memory, model, self.config["gpu_memory_gb"])

    @cached_property
    def _models(self) -> dict[str, Model]:
        return {}

    @cached_property
    def _cases(self) -> Cases:
        return MadeHere(self.config, self.root)


class MadeHere(Cases):
    """Cases whose sizes are known where puzzles are made here alone."""

    @property
    def known(self) -> bool:
        return self.config["cases"]["folder"] is None
