"""The work on ensembles: the merged runs of a case, and their scores beside those of the same seeds alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...model.sampling import Sampling
from ...names import RunId, case_label
from ...run.denoise import initial_latents
from ...store.pieces import Kept, Piece
from ...store.reader import ShardReader
from ...store.untouched import final_latents, untouched
from ..judge import Judge
from ..network import Network, through
from .run import Ensembles, Start, finals_of
from .spec import Ensemble, expand
from .table import COLUMNS, rows_of


def merge_piece(
    network: Network,
    task: str,
    piece: Piece,
    trajectories: ShardReader,
    runs: Sequence[Ensemble],
    settings: Mapping[str, Any],
) -> Kept:
    """The latents of all ensembles of a case at the end of the piece; by their names at the end of the run.

    settings: the section `ensemble`. Of the seeds that were not run themselves the noise is drawn here.
    """
    conditioning = network.conditioning(piece.run)
    velocity = network.velocity(conditioning)
    first, *others = (RunId(task, piece.run, seed) for seed in settings["seeds"])
    controls = settings.get("controls", True)
    if controls:
        starts = [untouched(trajectories, run) for run in others]
    else:
        shared, shape = trajectories.settings["share_noise_over_cases"], conditioning.latents_shape
        noises = (initial_latents(shape, run.label, run.seed, shared) for run in others)
        starts = [Start(conditioning.begin(noise)) for noise in noises]
    single = [untouched(trajectories, first), *starts]
    ensembles = Ensembles(runs, single, conditioning, case_label(task, piece.run), controls)
    state = through(ensembles, velocity, piece)
    kept = ensembles.result(state) if piece.last else state.to_tensors()
    return Kept(kept, velocity.counter.total, metadata=network.about)


def score_case(judge: Judge, name: str, merged: ShardReader, trajectories: ShardReader) -> dict[str, float]:
    """The row of a case: the score of all its runs and references, by their names."""
    settings, case = merged.settings["ensemble"], judge.case(name)
    seeds = settings["seeds"] if settings.get("controls", True) else settings["seeds"][:1]
    single = {seed: final_latents(trajectories, RunId(judge.task, name, seed)) for seed in seeds}
    finals = finals_of(single, merged.load(name)[0])
    values = dict(zip(finals, judge.scores(case, list(finals.values())), strict=True))
    return {**values, **judge.references(case, single[seeds[0]].shape)}


def table_of(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], merged: ShardReader, layers: int, columns: Mapping[str, str]
) -> pd.DataFrame:
    """A row per seed, ensemble, baseline, floor and ceiling of each case; rows: the row of each case."""
    settings, sampling = merged.settings["ensemble"], Sampling(**merged.manifest["sampling"])
    of_all = (expand(settings, layers), settings["seeds"], sampling, layers)
    found = [{"case": case, **row} for case, (scores,) in rows.items() for row in rows_of(scores, *of_all)]
    return pd.DataFrame(found).assign(**columns)[COLUMNS].astype({"seed": "Int64"})
