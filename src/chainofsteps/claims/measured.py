"""Every claim measured on the tables of a run, with the settings of the schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ..model.schedule import sigmas
from ..names import SEVERAL_ANSWERS
from ..probes.candidates.table import RUN, RUN_COLUMNS, STEP_COLUMNS, WEIGHT_COLUMNS, reliable
from ..probes.indices import resolve, resolve_one
from ..probes.ladder.table import COLUMNS as LADDER_COLUMNS
from ..probes.noise.table import CKA_COLUMNS, SCORE_COLUMNS, read_table
from ..probes.swap.table import read_rows
from ..probes.x0_pred.decided import Thresholds
from ..statistics import Interval
from ..tables import read_shards
from . import UNMEASURED, Measured, choice, exploration, latents, layers, noise, sampling


@dataclass(frozen=True)
class Tables:
    """The tables of a run, of which the claims are measured; each as the rule that wrote it documents it."""

    scores: pd.DataFrame
    clips: pd.DataFrame
    cka: pd.DataFrame
    ideal_cka: pd.DataFrame
    masses: pd.DataFrame
    readings: pd.DataFrame
    finished: pd.DataFrame
    runs: pd.DataFrame
    activations: pd.DataFrame
    swap: pd.DataFrame
    ensemble: pd.DataFrame
    frames: pd.DataFrame
    few_steps: pd.DataFrame
    candidate_steps: pd.DataFrame
    candidate_runs: pd.DataFrame
    candidate_weights: pd.DataFrame
    invariance: pd.DataFrame
    ladder: pd.DataFrame

    @classmethod
    def read(cls, paths: Mapping[str, Any]) -> "Tables":
        """From the CSV files of each table; without a row where there is none. InputError for a file that is none of
        them."""
        return cls(
            scores=read_table(paths["scores"], SCORE_COLUMNS, "score"),
            clips=_or_none(paths["clips"], SCORE_COLUMNS, "score"),
            cka=read_table(paths["cka"], CKA_COLUMNS, "dissimilarity"),
            ideal_cka=_or_none(paths["ideal_cka"], CKA_COLUMNS, "dissimilarity"),
            ensemble=read_shards(paths["ensemble"], {"steps": str}),
            swap=read_rows(paths["swap"]) if paths["swap"] else pd.DataFrame(),
            **{name: pd.read_csv(paths[name], dtype={"case": str}) for name in ("activations", "invariance")},
            runs=pd.read_csv(paths["runs"], dtype={"case": str}) if paths["runs"] else pd.DataFrame(),
            ladder=read_shards(paths["ladder"], of_none=LADDER_COLUMNS),
            # without a row where the configuration has no puzzle whose answers can be listed
            **{name: read_shards(paths[name], of_none=columns) for name, columns in CANDIDATES.items()},
            **{name: read_shards(paths[name], of_none=()) for name in ("masses", "readings", "finished")},
            **{name: read_shards(paths[name]) for name in ("frames", "few_steps")},
        )


UNLISTED = replace(UNMEASURED, why="it needs cases whose right answers are listed")
UNSWAPPED = replace(UNMEASURED, why="it needs swap.task among cases.tasks")
CANDIDATES = {
    "candidate_steps": STEP_COLUMNS,
    "candidate_runs": RUN_COLUMNS,
    "candidate_weights": [*RUN, *WEIGHT_COLUMNS],
}


def _or_none(path: str | Sequence[str], columns: Sequence[str], value: str) -> pd.DataFrame:
    """A table of Figure 3's runs; without a row where there is no path."""
    return read_table(path, columns, value) if path else pd.DataFrame(columns=[*columns, "unit"])


@dataclass(frozen=True)
class Run:
    """Numbers of the run: sigmas (S,) of the steps and layers L of the model; restored: noised first frames were put
    back. null_seed: of the untouched runs that others are held against. headroom: tasks where an ensemble can gain.
    listed: the right answers of the cases are."""

    sigmas: Sequence[float]
    layers: int
    restored: bool
    null_seed: int
    headroom: Sequence[str]
    interval: Interval
    thresholds: Thresholds
    listed: bool = True

    @classmethod
    def of(cls, params: Any, layers: int) -> "Run":
        """From the params of the rule `claims`."""
        return cls(
            sigmas=sigmas(params.steps, params.shift)[:-1].tolist(),
            layers=layers,
            restored=params.restored,
            null_seed=params.null_seed,
            headroom=list(params.headroom),
            interval=Interval(**params.statistics),
            thresholds=Thresholds(**params.thresholds),
            listed=params.listed,
        )

    @property
    def steps(self) -> int:
        """The number of steps, S."""
        return len(self.sigmas)

    @property
    def noisy(self) -> list[int]:
        """The steps with sigma above .5."""
        return [step for step, sigma in enumerate(self.sigmas) if sigma > 0.5]


def measured(tables: Tables, claims: Mapping[str, Mapping[str, Any]], run: Run) -> dict[str, Measured]:
    """The statistic of every claim. claims: of the schema, each with its `settings`."""
    settings = {name: claim.get("settings", {}) for name, claim in claims.items()}
    if not run.listed:
        return {name: _of_scores(tables, settings, run).get(name, UNLISTED) for name in claims}
    return {
        **_noise(tables, settings, run),
        **_x0_pred(tables, settings, run),
        **_layers_and_runs(tables, settings, run),
        **_choice(tables, settings, run),
    }


def _of_scores(tables: Tables, settings: Mapping[str, Any], run: Run) -> dict[str, Measured]:
    """What needs nothing but a score of the cases, or not even that."""
    return {
        "C1": noise.step_against_frame(tables.scores, tables.clips, run.interval, run.restored, run.noisy),
        "E5": choice.noise_dependence(tables.invariance, run.interval),
        "C10": UNSWAPPED if tables.swap.empty else _swapped(tables, settings, run),
        **_specialised(tables, settings, run),
        **_sampling(tables, settings, run),
    }


def _noise(tables: Tables, settings: Mapping[str, Any], run: Run) -> dict[str, Measured]:
    clean = noise.undisturbed(tables.scores)
    return {
        "C1": noise.step_against_frame(tables.scores, tables.clips, run.interval, run.restored, run.noisy),
        "C2": replace(noise.peak_of_sensitivity(tables.cka, tables.ideal_cka, run.interval), clean=clean),
        "C3": replace(_propagation(tables, settings["C3"]["early"], run), clean=clean),
    }


def _propagation(tables: Tables, early: float, run: Run) -> Measured:
    seeds = [*tables.cka.seed.unique(), run.null_seed]  # those of the disturbed runs and the one that they are held to
    runs = tables.candidate_runs[tables.candidate_runs.seed.isin(seeds)]
    return noise.propagation(tables.cka, runs, run.null_seed, early, run.interval)


def _x0_pred(tables: Tables, settings: Mapping[str, Any], run: Run) -> dict[str, Measured]:
    of, masses, live = exploration.Undisturbed(tables.finished, run.interval), tables.masses, run.thresholds.live
    superposed, several = settings["C5"], settings["C14"]
    return {
        "C4": exploration.pruned(masses, live, settings["C4"]["early"], of),
        "C5": exploration.superposed(masses, live, superposed["tasks"], superposed["control"], of),
        "C6": exploration.reference_kept(tables.readings, run.thresholds, of),
        "C7": exploration.revision(tables.runs, of),
        "C8": exploration.perception_first(tables.runs, of),
        "C14": exploration.several_paths(masses, live, several["live"], several["control"], of),
    }


def _layers_and_runs(tables: Tables, settings: Mapping[str, Any], run: Run) -> dict[str, Measured]:
    return {
        "C10": _swapped(tables, settings, run),
        **_specialised(tables, settings, run),
        **_sampling(tables, settings, run),
    }


def _swapped(tables: Tables, settings: Mapping[str, Any], run: Run) -> Measured:
    swap = settings["C10"]
    layer, steps = resolve_one(swap["layer"], run.layers), resolve(swap["steps"], run.steps)
    return layers.reversed_by_a_swap(tables.swap, layer, swap["mode"], steps, run.interval)


def _specialised(tables: Tables, settings: Mapping[str, Any], run: Run) -> dict[str, Measured]:
    first_layers = settings["C9"]["first_layers"]
    return {"C9": layers.specialised(tables.activations, run.layers, first_layers, run.interval)}


def _sampling(tables: Tables, settings: Mapping[str, Any], run: Run) -> dict[str, Measured]:
    ensemble, frames = settings["C11"], settings["C12"]
    return {
        "C11": sampling.ensemble_gain(
            tables.ensemble, ensemble["window"], ensemble["mode"], run.headroom, run.interval
        ),
        "C12": sampling.loss(tables.frames, "frames", frames["frames"], frames["fewer"], run.interval),
        "C13": sampling.loss(tables.few_steps, "steps", run.steps, settings["C13"]["fewer"], run.interval),
    }


def _choice(tables: Tables, settings: Mapping[str, Any], run: Run) -> dict[str, Measured]:
    dependence = {
        "E4": choice.steps_for_layers(tables.ladder, run.steps, SEVERAL_ANSWERS, run.interval),
        "E5": choice.noise_dependence(tables.invariance, run.interval),
    }
    steps, runs = tables.candidate_steps, tables.candidate_runs
    if reliable(runs).empty:
        return {**dict.fromkeys(("C4L", "C5L", "C7L", "C14L", "E1", "E2", "E3"), UNMEASURED), **dependence}
    of, weights = exploration.Undisturbed(tables.finished, run.interval), latents.listed(tables.candidate_weights, runs)
    return {
        **latents.measured(weights, settings, run.thresholds, of),
        "E1": choice.rivals_beyond_choice(steps, runs, run.interval),
        "E2": choice.first_forward(runs, run.interval),
        "E3": choice.commitment_lag(runs, run.steps, run.interval),
        **dependence,
    }
