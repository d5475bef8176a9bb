"""The cost of a target: jobs, forwards, hours, disk and memory, before anything runs. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..probes.count import ForwardCount, JobCount, Loaded, Shard, UnknownError
from .cases import Cases
from .fits import check_fits
from .jobs import ROOT, Job, jobs_of
from .memory import Memory, memory_of
from .model import Model, model_of
from .rules import counts
from .seconds import Seconds, seconds_of

MANIFEST = 1_000  # bytes of a shard's manifest, beside its items


@dataclass(frozen=True)
class Cost:
    """The cost of one job; None for what is not known yet.

    forwards: None for a job that runs no network, too. disk: bytes. memory: None for a job without a GPU, too. batch:
    samples in one forward, at most. count: the rule's; None for a job that only joins tables or draws.
    """

    job: Job
    count: JobCount | None = None
    forwards: ForwardCount | None = None
    disk: int | None = 0
    memory: Memory | None = None
    batch: int = 1
    unknown: tuple[str, ...] = ()

    @property
    def runs_network(self) -> bool:
        return self.count is not None and self.count.loaded in (Loaded.EXPERT, Loaded.PIPELINE)


@dataclass(frozen=True)
class Plan:
    """The cost of all jobs that the targets still need.

    config: the settled configuration. model: the configured one. seconds: of its forward, by hardware.
    """

    targets: Sequence[str]
    costs: Sequence[Cost]
    seconds: Sequence[Seconds]
    config: Mapping[str, Any]
    model: Model

    @property
    def counted(self) -> list[Cost]:
        """Those that run a network, as far as their forwards are known."""
        return [cost for cost in self.costs if cost.forwards]

    @property
    def largest(self) -> Cost | None:
        """The job that takes the most memory on its GPU."""
        return max((cost for cost in self.costs if cost.memory), key=lambda cost: cost.memory.total, default=None)

    @property
    def unknown(self) -> list[str]:
        """The reasons why something is not counted, each once, with the rules that it concerns."""
        reasons: dict[str, dict[str, None]] = {}
        for cost in self.costs:
            for reason in cost.unknown:
                reasons.setdefault(reason, {})[cost.job.rule] = None
        return [f"{reason}: not counted for {', '.join(rules)}" for reason, rules in reasons.items()]

    def hours(self, seconds: Seconds) -> tuple[float, Cost, float]:
        """(hours of all forwards, the longest job, its hours)."""
        by_job = [self.hours_of([cost], seconds) for cost in self.counted]
        longest = max(range(len(by_job)), key=by_job.__getitem__)
        return sum(by_job), self.counted[longest], by_job[longest]

    @staticmethod
    def hours_of(costs: Sequence[Cost], seconds: Seconds) -> float:
        """Hours of the forwards of some jobs, as far as they are known."""
        return sum(cost.forwards.planned * seconds.at(cost.batch) / 3600 for cost in costs if cost.forwards)

    def check(self) -> None:
        """InputError if a job cannot fit the GPU that the configuration states."""
        stated, largest = self.config["gpu_memory_gb"], self.largest
        if stated is not None and largest:
            check_fits(largest.job.rule, largest.count, largest.memory, self.model, stated)


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
        if of_job not in models:
            models[of_job] = model_of(config, of_job, root)
        costs.append(_cost(job, models[of_job], cases))
    tokens = _tokens(cases, models[name])
    seconds = seconds_of(config, models[name], tokens, ROOT / "benchmarks")
    return Plan(targets, costs, seconds, config, models[name])


def _cost(job: Job, model: Model, cases: Cases) -> Cost:
    count = counts().get(job.rule)
    if count is None:
        return Cost(job)
    shard, known, unknown = cases.shard(job, model), {}, []
    for name, measure in (("forwards", _forwards), ("disk", _disk), ("memory", memory_of)):
        try:
            known[name] = measure(count, shard)
        except UnknownError as reason:
            known[name] = None
            unknown.append(str(reason))
    batch = model.batch_size if count.batched else 1
    return Cost(job, count, **known, batch=batch, unknown=tuple(dict.fromkeys(unknown)))


def _forwards(count: JobCount, shard: Shard) -> ForwardCount | None:
    return count.forwards(shard)


def _disk(count: JobCount, shard: Shard) -> int:
    return round(count.disk(shard)) + MANIFEST * (count.manifest and "shard" in shard.wildcards)


def _tokens(cases: Cases, model: Model) -> int | None:
    """Of a forward of the largest configured case; None if that is not known."""
    sizes = [cases.of_task(task) for task in cases.config["cases"]["tasks"]]
    if model.stride is None or None in sizes:
        return None
    return max(model.tokens_of(size) for of_task in sizes for size in of_task)
