"""Which forwards a set of runs needs, with shared prefixes merged, counted before anything runs.

A perturbed run is the baseline up to the step that first sees the noise, so it starts there from the
baseline's stored latents. That is the floor; the naive way runs each from the start. One forward is one
sample through all layers of one branch: guidance runs two branches, so every count is c times as large. No
torch here: counting must be instant.

    python -m chainofsteps.plan [--json] [--config config.yaml [mine.yaml ...]] [--model NAME]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checkpoint import layers_of
from .config import block_layer, check_ranges, load_config
from .errors import reported
from .interventions import Intervention, check_exists, expand
from .layout import case_names

EMBEDDED_FRAMES = 17  # of a puzzle made here
VAE_STRIDE = 4  # frames per latent frame; the first frame has a latent frame of its own


def latent_frames_of(frames: int) -> int:
    """Latent frames of a video of 4k + 1 frames."""
    return (frames - 1) // VAE_STRIDE + 1


@dataclass(frozen=True)
class Count:
    """Forwards: as planned, and as they would be with every run from the start."""

    planned: int
    naive: int

    def __add__(self, other: Count) -> Count:
        return Count(self.planned + other.planned, self.naive + other.naive)

    def __mul__(self, times: int) -> Count:
        return Count(self.planned * times, self.naive * times)


@dataclass(frozen=True)
class Geometry:
    """Sizes that decide what exists and what runs.

    branches: 2 with guidance, else 1. cases: for each task, the latent frames of each of its cases.
    """

    steps: int
    branches: int
    layers: int
    cases: Mapping[str, Sequence[int]]

    @property
    def latent_frames(self) -> int:
        """Latent frames that every case has."""
        return min(frames for task in self.cases.values() for frames in task)


def baseline(steps: int, branches: int = 1) -> Count:
    """One untouched run: c S."""
    return Count(branches * steps, branches * steps)


def perturbed(
    interventions: Sequence[Intervention],
    steps: int,
    branches: int = 1,
    features: str = "latents",
    null: bool = True,
) -> Count:
    """All interventions on one baseline that is already there: c sum(S - start), against c S each.

    With `features` "block:<l>" the clean run's hidden states are needed too, and they are not stored: the
    baseline rides along wherever a perturbed run is, and with `null` the baseline and the re-seed null ride
    along at all steps. InputError if an intervention is at a step that does not exist.
    """
    for run in interventions:
        check_exists(run, steps)
    planned = sum(steps - run.start for run in interventions)
    if block_layer(features) is not None:
        planned += sum(references(interventions, step, null) for step in range(steps))
    return Count(branches * planned, branches * steps * len(interventions))


def references(interventions: Sequence[Intervention], step: int, null: bool) -> int:
    """With features "block:<l>": how many clean runs ride along in the batch of a step."""
    if null:
        return 2
    return int(any(run.start <= step for run in interventions))


def geometry(config: Mapping[str, Any], root: str | Path = ".") -> Geometry:
    """Sizes of the configured model and cases, read from its config.json and the cases' folders.

    `root`: what relative paths of the configuration are relative to. InputError if the model or the cases
    are not there.
    """
    model = config["models"][config["model"]]
    layers = layers_of(Path(root, model["folder"]))
    branches = 2 if model["guidance_scale"] > 1 else 1
    return Geometry(model["steps"], branches, layers, _cases(config["cases"], Path(root)))


def _cases(cases: Mapping[str, Any], root: Path) -> dict[str, list[int]]:
    if cases["folder"] is None:
        frames = {task: [EMBEDDED_FRAMES] * cases["number"] for task in cases["tasks"]}
    else:
        from .cases import read_cases  # reads videos, so it costs numpy: only for a folder of the user's

        folder = root / cases["folder"]
        names = {task: case_names(folder, task)[: cases["number"]] for task in cases["tasks"]}
        frames = {task: [case.frames for case in read_cases(folder, task, of_task)] for task, of_task in names.items()}
    return {task: list(map(latent_frames_of, of_task)) for task, of_task in frames.items()}


def rules(config: Mapping[str, Any], sizes: Geometry) -> dict[str, Count]:
    """Forwards of each rule over all tasks, cases and seeds, and their total."""
    seeds, steps = len(config["trajectory"]["seeds"]), sizes.steps
    trajectory = noise = Count(0, 0)
    for latent_frames in (frames for task in sizes.cases.values() for frames in task):
        interventions = expand(config["noise"], steps, latent_frames)
        trajectory += baseline(steps, sizes.branches) * (seeds + 1)  # the re-seed null is a run too
        noise += perturbed(interventions, steps, sizes.branches, config["similarity"]["features"]) * seeds
    return {"trajectory": trajectory, "noise": noise, "total": trajectory + noise}


def summary(config: Mapping[str, Any], root: str | Path = ".") -> dict[str, Any]:
    """What `--json` prints. InputError if the configuration names a step, frame or layer that is not
    there."""
    sizes = geometry(config, root)
    check_ranges(config, sizes.steps, sizes.latent_frames, sizes.layers)
    counts = rules(config, sizes)
    return {
        "model": config["model"],
        "steps": sizes.steps,
        "branches": sizes.branches,
        "layers": sizes.layers,
        "latent_frames": sizes.latent_frames,
        "cases": {task: len(frames) for task, frames in sizes.cases.items()},
        "seeds": config["trajectory"]["seeds"],
        "interventions": len(expand(config["noise"], sizes.steps, sizes.latent_frames)),
        "forwards": {rule: {"planned": count.planned, "naive": count.naive} for rule, count in counts.items()},
    }


def table(facts: Mapping[str, Any]) -> str:
    """The summary for a reader."""
    cases = ", ".join(f"{number} x {task}" for task, number in facts["cases"].items())
    lines = [
        f"model {facts['model']}: {facts['steps']} steps, {facts['layers']} layers, "
        f"{'with' if facts['branches'] == 2 else 'no'} guidance",
        f"cases: {cases}; seeds: {len(facts['seeds'])} and the re-seed null",
        f"interventions: {facts['interventions']} a case and seed",
        "",
        f"{'rule':<12}{'forwards':>12}{'naive':>12}{'ratio':>8}",
    ]
    for rule, count in facts["forwards"].items():
        ratio = count["planned"] / count["naive"]
        lines.append(f"{rule:<12}{count['planned']:>12,}{count['naive']:>12,}{ratio:>8.2f}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or JSON, of the configuration that `arguments` (None: of the command line) name.

    A bad configuration ends in one line on stderr and SystemExit(1).
    """
    parser = argparse.ArgumentParser(
        prog="python -m chainofsteps.plan",
        description="Count the forwards of a configuration before it runs.",
    )
    files = "configuration (default: config.yaml), and files to lay over it, in order"
    parser.add_argument("--config", nargs="+", default=["config.yaml"], metavar="FILE", help=files)
    parser.add_argument("--model", metavar="NAME", help="the entry of `models` to count (default: the configured one)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    with reported():
        words = {} if given.model is None else {"model": given.model}
        facts = summary(load_config(*given.config, **words), Path(given.config[0]).parent)
        print(json.dumps(facts, indent=2) if given.json else table(facts))


if __name__ == "__main__":
    main()
