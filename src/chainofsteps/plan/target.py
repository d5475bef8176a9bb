"""What a target still costs: jobs, forwards, hours, disk and memory, before anything runs. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..probes.count import Count
from .cases import Cases, tokens_of
from .disk import disk_of
from .forwards import COUNTED, ONE_BY_ONE, UnknownError, Work, forwards_of
from .jobs import ROOT, Job, jobs_of
from .memory import Memory, memory_of
from .model import model_of
from .seconds import Seconds, seconds_of

GB = 1e9


@dataclass(frozen=True)
class Cost:
    """Of one job; None for what is not known yet, and of memory for a job without a GPU.

    forwards: None for a job that runs no model. batch: samples in one forward, at most.
    """

    job: Job
    forwards: Count | None
    disk: int | None
    memory: Memory | None
    batch: int
    unknown: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it runs a model."""
        return self.job.rule in COUNTED


@dataclass(frozen=True)
class Plan:
    """Of all jobs that the targets still need."""

    targets: Sequence[str]
    costs: Sequence[Cost]
    seconds: Sequence[Seconds]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counted(self) -> list[Cost]:
        """Those that run a model, as far as its forwards are known."""
        return [cost for cost in self.costs if cost.forwards]

    @property
    def largest(self) -> Cost | None:
        """The job that takes the most memory on its GPU."""
        return max((cost for cost in self.costs if cost.memory), key=lambda cost: cost.memory.total, default=None)

    @property
    def unknown(self) -> list[str]:
        """Why something is not counted, each reason once, with the rules it concerns."""
        reasons: dict[str, dict[str, None]] = {}
        for cost in self.costs:
            for reason in cost.unknown:
                reasons.setdefault(reason, {})[cost.job.rule] = None
        return [f"{reason}: not counted for {', '.join(rules)}" for reason, rules in reasons.items()]

    def hours(self, seconds: Seconds) -> tuple[float, Cost, float]:
        """(of all forwards, the longest job, its hours)."""
        by_job = [cost.forwards.planned * seconds.at(cost.batch) / 3600 for cost in self.counted]
        longest = max(range(len(by_job)), key=by_job.__getitem__)
        return sum(by_job), self.counted[longest], by_job[longest]

    def check(self) -> None:
        """InputError if a job cannot fit the GPU that the configuration states."""
        stated, largest = self.facts["gpu_memory_gb"], self.largest
        if stated is not None and largest and largest.memory.total > stated * GB:
            memory = largest.memory
            mends = ["a smaller batch_size"] * (largest.batch > 1 and largest.counts)
            mends += ["group_offload: true"] * (largest.counts and not self.facts["model"].offloaded)
            raise InputError(
                f"{largest.job.rule} needs about {memory.total / GB:.1f} GB on its GPU ({memory.what}), more than the "
                f"{stated:g} GB of gpu_memory_gb; take {', or '.join(['a larger GPU', *mends])}"
            )


def plan_of(
    config: Mapping[str, Any], targets: Sequence[str], directory: str | Path = ".", root: str | Path = ROOT
) -> Plan:
    """The plan of targets that are made in a working folder.

    config: as `load_config` gives it. root: what its paths are relative to, the Snakefile's folder. InputError for a
    target that nobody makes, or if the configuration or its model cannot run.
    """
    name, root = config["model"], Path(root)
    cases = Cases(config, root)
    models = {name: model_of(config, name, root)}
    costs = []
    for job in jobs_of(config, targets, directory):
        of_job = job.wildcards.get("model", name)
        models.setdefault(of_job, model_of(config, of_job, root))
        costs.append(_cost(Work(job, config, models[of_job], cases)))
    model, tokens = models[name], _tokens(Work(Job("", {}), config, models[name], cases))
    facts = {
        "model": model,
        "tokens": tokens,
        "gpu_memory_gb": config["gpu_memory_gb"],
        "config": config,
    }
    seconds = [] if tokens is None else seconds_of(config, name, tokens, ROOT / "benchmarks")
    return Plan(targets, costs, seconds, facts)


def _cost(work: Work) -> Cost:
    unknown, found = [], []
    for reckon in (forwards_of, disk_of, memory_of):
        try:
            found.append(reckon(work))
        except UnknownError as reason:
            found.append(None)
            unknown.append(str(reason))
    batch = 1 if work.job.rule in ONE_BY_ONE else work.model.batch_size
    return Cost(work.job, *found, batch, tuple(dict.fromkeys(unknown)))


def _tokens(work: Work) -> int | None:
    """Of the largest configured case; None if that is not known."""
    sizes = [work.cases.of_task(task) for task in work.config["cases"]["tasks"]]
    if work.model.stride is None or None in sizes:
        return None
    return max(tokens_of(size, work.model) for of_task in sizes for size in of_task)
