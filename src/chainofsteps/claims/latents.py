"""C4L, C5L, C7L and C14L: the claims on x0_pred read in its latents, each beside an ideal denoiser on the same cases.

The statistics are those of C4, C5, C7 and C14; what differs is the mass: the weight of a candidate answer in x0_pred
(`probes.candidates.observer`), not its mass in decoded pixels. The null is the same statistic of the ideal denoiser
that knows the right answers and only chooses among them, from the same noisy latents.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ..probes.candidates.table import RUN, reliable
from ..probes.x0_pred.decided import Thresholds, by_run, by_step
from . import Measured, exploration
from .exploration import Undisturbed

MODEL, CHOOSER = "weight", "observer_right"


def masses(weights: pd.DataFrame, of: str) -> pd.DataFrame:
    """The weights of one column as the masses that `claims.exploration` reads. weights: RUN and WEIGHT_COLUMNS."""
    return weights.assign(mass=weights[of])


def listed(weights: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The weights of the runs that end in an answer of the list; runs: RUN_COLUMNS."""
    return weights.merge(reliable(runs)[RUN], on=RUN)


def beside_a_chooser(measure: Callable[[pd.DataFrame], Measured], weights: pd.DataFrame) -> Measured:
    """A statistic of the model's weights, with that of the ideal denoiser's as its null."""
    return replace(measure(masses(weights, MODEL)), null=measure(masses(weights, CHOOSER)).estimate)


def measured(
    weights: pd.DataFrame, settings: Mapping[str, Mapping[str, Any]], thresholds: Thresholds, of: Undisturbed
) -> dict[str, Measured]:
    """The four claims. weights: of `listed`, all puzzles. settings: of each claim in the schema."""
    several, rivals, paths = settings["C4L"], settings["C5L"], settings["C14L"]

    def pruned(table: pd.DataFrame) -> Measured:
        return exploration.pruned(table, thresholds.live, several["early"], of)

    def superposed(table: pd.DataFrame) -> Measured:
        return exploration.superposed(table, thresholds.live, rivals["tasks"], rivals["control"], of)

    def revised(table: pd.DataFrame) -> Measured:
        return exploration.revision(by_run(by_step(table, thresholds), thresholds), of)

    def several_paths(table: pd.DataFrame) -> Measured:
        return exploration.several_paths(table, thresholds.live, paths["live"], paths["control"], of)

    of_claims = {"C4L": pruned, "C5L": superposed, "C7L": revised, "C14L": several_paths}
    return {name: beside_a_chooser(measure, weights) for name, measure in of_claims.items()}
