"""The work on runs in other frame counts: the runs themselves, and their scores beside those of the own count."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ...model.sizes import frames_of
from ...names import RunId
from ...run.denoise import Plain, initial_latents
from ...store.pieces import Kept, Piece
from ...store.reader import ShardReader
from ...store.untouched import final_latents
from ..baseline.job import plain_piece
from ..judge import Judge
from ..network import Network
from .run import shortened, tokens_of
from .spec import other_counts
from .table import FRAMES_COLUMNS


def runs_at(network: Network, task: str, counts: Sequence[int], seeds: Sequence[int]) -> dict[str, tuple[RunId, int]]:
    """The run and its frame count, by the name of the item. Raises InputError for a count above a case's own."""
    runs = [
        (RunId(task, case, seed), count)
        for case in network.encoded.cases
        for count in other_counts(counts, frames_of(network.conditioning(case).latents_shape[2]))
        for seed in seeds
    ]
    return {run.at("frames", count): (run, count) for run, count in runs}


def run_piece(network: Network, run: RunId, count: int, piece: Piece, share_noise: bool) -> Kept:
    """The latents at the end of a piece of a run of `count` frames, from the first of the untouched run's noise."""
    whole = network.conditioning(run.case)
    conditioning = shortened(whole, count)
    noise = initial_latents(whole.latents_shape, run.label, run.seed, share_noise)
    noise = noise[:, :, : conditioning.latents_shape[2]]
    plain = Plain(conditioning.begin(noise), network.sigmas, run.label)
    velocity = network.velocity(conditioning)
    tensors = plain_piece(velocity, plain, piece)
    about = {"case": run.label, "seed": run.seed, "frames": count, "tokens_per_forward": tokens_of(noise.shape)}
    return Kept(tensors, velocity.counter.total, metadata=about)


def score_case(
    judge: Judge, name: str, others: ShardReader, trajectories: ShardReader, settings: Mapping[str, Sequence[int]]
) -> list[dict[str, Any]]:
    """A row for each frame count and seed of a case; settings: counts and seeds."""
    case, rows = judge.case(name), []
    for count in [*other_counts(settings["counts"], case.frames), case.frames]:
        own, shorter = count == case.frames, replace(case, frames=count)
        runs = [RunId(judge.task, name, seed) for seed in settings["seeds"]]
        finals = [
            final_latents(trajectories, run) if own else others.load(run.at("frames", count))[0]["latents"]
            for run in runs
        ]
        of_count = {"frames": count, "own": own, "tokens": tokens_of(finals[0].shape)}
        of_count |= judge.references(shorter, finals[0].shape)
        values = judge.scores(shorter, finals)
        rows += [{**of_count, "seed": run.seed, "score": value} for run, value in zip(runs, values, strict=True)]
    return rows


def table_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows of all cases, by the case's name, as one table."""
    table = pd.DataFrame([{"case": case, **row} for case, of_case in rows.items() for row in of_case])
    table = table.assign(**columns)
    return table.assign(exact=table.score >= 1)[FRAMES_COLUMNS]
