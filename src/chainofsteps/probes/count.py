"""Which forwards a set of runs needs, with shared prefixes merged, counted before anything runs.

These are the formulas; the modules beside count the jobs of a target by them: forwards, hours, disk, memory.

A perturbed run is the baseline up to the step that first sees the noise, so it starts there from the
baseline's stored latents. That is the floor; the naive way runs each from the start. One forward is one
sample through all layers of one branch: guidance runs two branches, so every count is c times as large. No
torch here: counting must be instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .ensemble import spec as windows
from .ensemble.spec import Ensemble
from .frames.spec import other_counts
from .indices import indices
from .noise.spec import Intervention, block_layer, check_exists, references
from .swap import spec as swaps


@dataclass(frozen=True)
class Count:
    """Forwards: as planned, and as they would be with every run from the start."""

    planned: int | float  # some of the layers are a part of a forward
    naive: int | float

    def __add__(self, other: Count) -> Count:
        return Count(self.planned + other.planned, self.naive + other.naive)

    def __mul__(self, times: int) -> Count:
        return Count(self.planned * times, self.naive * times)


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


def ensembles(runs: Sequence[Ensemble], seeds: int, steps: int, layers: int, branches: int = 1) -> Count:
    """All ensembles of one case, whose K seeds' trajectories are there, and the two runs from the mean of latents.

    c (E + 2 S), where E is `windows.forwards`; against K whole streams at every step for each ensemble, c K S.
    """
    planned = branches * (windows.forwards(runs, seeds, steps, layers) + 2 * steps)
    planned = planned.numerator if planned.denominator == 1 else float(planned)
    return Count(planned, branches * steps * (seeds * len(runs) + 2))


def at_counts(counts: Sequence[int], own: int, steps: int, branches: int = 1) -> Count:
    """One case and seed in other frame counts, c S each: those of its own count are there already.

    A forward of fewer frames is a smaller one: `probes.frames.run.tokens_of` says by how much. InputError for a count
    above the own one.
    """
    others = len(other_counts(counts, own))
    return Count(branches * steps * others, branches * steps * (others + 1))


def activations(asked: Mapping[str, Any], steps: int, layers: int, branches: int = 1) -> Count:
    """Token norms of one stored run: one forward a step and branch, no further than the last layer that is tapped.

    asked: the `activations` section. naive: the run once more, with taps.
    """
    tapped = max(indices("activations.layers", asked["layers"], layers)) + 1
    of_branches = 2 if asked["branch"] == "both" else 1
    return Count(float(Fraction(len(asked["steps"]) * of_branches * tapped, layers)), branches * steps)


def swap(asked: Mapping[str, Any], steps: int, layers: int, branches: int, matrix: bool, stored: bool = False) -> Count:
    """All swaps on one pair whose target is stored, with the check of mode full (swaps.forwards, same_text_forwards).

    asked: the `swap` section. matrix: whether the pair is one of the matrix. stored: whether its source is stored too.
    naive: source, target and every swapped run from the start.
    """
    chosen = swaps.expand(asked, steps, layers, matrix)
    planned = swaps.forwards(chosen, steps, layers, branches, stored, "final" in asked["readouts"])
    if "full" in asked["modes"]:
        planned += swaps.same_text_forwards(sorted({one.layer for one in chosen}), layers)
    return Count(float(planned), branches * steps * (2 + len(chosen)))
