"""Forwards of one job, by its rule: the counts of `plan` for the cases that the job is of. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..config.tasks import untouched_seeds
from ..probes import count
from ..probes.count import Count
from ..probes.ensemble import spec as windows
from ..probes.noise.spec import expand
from .cases import Cases
from .jobs import Job
from .model import Model

# Forwards of one sample at a time, whatever batch_size is: the others fill batches.
ONE_BY_ONE = ("trajectory", "few_steps", "frames", "activations", "skill")


class UnknownError(Exception):
    """What is asked for is not known before something is downloaded; the message says what."""


@dataclass(frozen=True)
class Work:
    """A job and all that its size depends on."""

    job: Job
    config: Mapping[str, Any]
    model: Model
    cases: Cases

    @property
    def number(self) -> int:
        """How many cases it is of."""
        return self.cases.number(self.job)

    @property
    def sizes(self) -> list:
        """Frames, height and width of each."""
        found = self.cases.sizes(self.job)
        if found is None:
            raise UnknownError("the cases are not downloaded yet")
        return found

    def size_of(self, task: str, case: str) -> tuple:
        """Frames, height and width of one case."""
        found = self.cases.of_task(task)
        if found is None:
            raise UnknownError("the cases are not downloaded yet")
        return found[self.cases.names(task).index(case)]

    def of_model(self, *names: str) -> tuple:
        """Those sizes of the model."""
        found = [getattr(self.model, name) for name in names]
        if None in found:
            raise UnknownError(f"model {self.model.name} is not downloaded yet")
        return tuple(found)

    @property
    def seeds(self) -> int:
        return len(self.config["trajectory"]["seeds"])

    @property
    def other_steps(self) -> list[int]:
        """The numbers of steps that rule few_steps runs."""
        return [steps for steps in self.config["few_steps"]["steps"] if steps != self.model.steps]

    @property
    def in_matrix(self) -> int:
        """How many cases of the shard are targets of the layer x step matrix."""
        asked = self.config["swap"]
        return min(max(0, asked["matrix_pairs"] - self.cases.first(self.job)), self.number) if asked["matrix"] else 0


def forwards_of(work: Work) -> Count | None:
    """Forwards of a job; None for a rule that runs no model. UnknownError if they are not known yet."""
    counted = COUNTED.get(work.job.rule)
    return counted(work) if counted else None


def _trajectory(work: Work) -> Count:
    runs = work.number * len(untouched_seeds(work.config))
    return count.baseline(work.model.steps, work.model.branches) * runs


def _noise(work: Work) -> Count:
    steps, branches, total = work.model.steps, work.model.branches, Count(0, 0)
    for frames, *_ in work.sizes:
        runs = expand(work.config["noise"], steps, count.latent_frames_of(frames))
        total += count.perturbed(runs, steps, branches, work.config["similarity"]["features"]) * work.seeds
    return total


def _few_steps(work: Work) -> Count:
    return count.baseline(sum(work.other_steps), work.model.branches) * (work.number * work.seeds)


def _frames(work: Work) -> Count:
    counts, total = work.config["frames"]["counts"], Count(0, 0)
    for frames, *_ in work.sizes:
        total += count.at_counts(counts, frames, work.model.steps, work.model.branches) * work.seeds
    return total


def _ensemble(work: Work) -> Count:
    asked, (layers,) = work.config["ensemble"], work.of_model("layers")
    runs = windows.expand(asked, layers)
    return count.ensembles(runs, len(asked["seeds"]), work.model.steps, layers, work.model.branches) * work.number


def _activations(work: Work) -> Count:
    (layers,) = work.of_model("layers")
    of_run = count.activations(work.config["activations"], work.model.steps, layers, work.model.branches)
    return of_run * (work.number * work.seeds)


def _swap(work: Work) -> Count:
    """If no two neighbours have one answer: such a pair is left out, which only their layouts would tell."""
    (layers,) = work.of_model("layers")
    size = (work.model.steps, layers, work.model.branches)
    stored, pairs = work.config["trajectory"]["share_noise_over_cases"], work.number if work.number > 1 else 0
    in_matrix = min(pairs, work.in_matrix)
    total = count.swap(work.config["swap"], *size, matrix=True, stored=stored) * in_matrix
    total += count.swap(work.config["swap"], *size, matrix=False, stored=stored) * (pairs - in_matrix)
    return total * work.seeds


def _skill(work: Work) -> Count:
    return count.baseline(work.model.steps, work.model.branches) * work.config["skill"]["number"]


COUNTED: dict[str, Callable[[Work], Count]] = {
    "trajectory": _trajectory,
    "noise": _noise,
    "few_steps": _few_steps,
    "frames": _frames,
    "ensemble": _ensemble,
    "activations": _activations,
    "swap": _swap,
    "skill": _skill,
}
