"""The work on runs in other numbers of steps: the runs themselves, and their scores beside those of the own number."""

from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd
import torch

from ...model import schedule
from ...names import RunId
from ...run.denoise import Plain, initial_latents
from ...store.pieces import Kept, Piece
from ...store.reader import ShardReader
from ...store.untouched import final_latents
from ..baseline.job import plain_piece
from ..judge import Judge
from ..network import Network
from .table import FEW_STEPS_COLUMNS


def runs_at(
    task: str, cases: Sequence[str], seeds: Sequence[int], steps: Sequence[int]
) -> dict[str, tuple[RunId, int]]:
    """The run and its number of steps, by the name of the item."""
    runs = [(RunId(task, case, seed), count) for count in steps for case in cases for seed in seeds]
    return {run.at("steps", count): (run, count) for run, count in runs}


def schedules_of(network: Network, runs: Mapping[str, tuple[RunId, int]]) -> dict[str, torch.Tensor]:
    """Sigmas (steps + 1,) of each item."""
    return {name: schedule.sigmas(steps, network.sampling.shift) for name, (_, steps) in runs.items()}


def run_piece(network: Network, run: RunId, sigmas: torch.Tensor, piece: Piece, share_noise: bool) -> Kept:
    """The latents at the end of a piece of a run along other sigmas, from the noise of the untouched run."""
    conditioning = network.conditioning(run.case)
    noise = initial_latents(conditioning.latents_shape, run.label, run.seed, share_noise)
    plain = Plain(conditioning.begin(noise), sigmas, run.label)
    velocity = network.velocity(conditioning, sigmas=sigmas)
    tensors = plain_piece(velocity, plain, piece)
    about = {"case": run.label, "seed": run.seed, "steps": len(sigmas) - 1}
    return Kept(tensors, velocity.counter.total, metadata=about)


def score_case(
    judge: Judge,
    name: str,
    few: ShardReader,
    trajectories: ShardReader,
    settings: Mapping[str, Sequence[int]],
    own: int,
) -> dict[str, torch.Tensor]:
    """Scores in [0, 1] of a case, in the order of settings' steps and then seeds; own: the model's number of steps."""
    runs = [(RunId(judge.task, name, seed), steps) for steps, seed in product(settings["steps"], settings["seeds"])]
    finals = [
        final_latents(trajectories, run) if steps == own else few.load(run.at("steps", steps))[0]["latents"]
        for run, steps in runs
    ]
    return {"score": torch.tensor(judge.scores(judge.case(name), finals))}


def table_of(
    scores: Mapping[str, torch.Tensor], settings: Mapping[str, Sequence[int]], columns: Mapping[str, str]
) -> pd.DataFrame:
    """A row for each case, number of steps and seed; scores: of each case, as `score_case` has them."""
    rows = [
        {"case": case, "steps": steps, "seed": seed, "score": score}
        for case, values in scores.items()
        for (steps, seed), score in zip(product(settings["steps"], settings["seeds"]), values.tolist(), strict=True)
    ]
    table = pd.DataFrame(rows).assign(**columns)
    return table.assign(exact=table.score >= 1)[FEW_STEPS_COLUMNS]
