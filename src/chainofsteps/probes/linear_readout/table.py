"""The share of cases whose answer a linear map reads, by puzzle, step and depth."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from ...names import RunId
from ...statistics import SHARE, bootstrap_mean, paired_bootstrap
from ...store.reader import ShardReader, read_shard
from ..candidates.table import STRAY
from ..noise.similarity import token_features
from .fit import Example, read
from .run import kept_tokens

COLUMNS = ["model", "task", "step", "layer", "n", "seeds", "right", "right_low", "right_high", "null", "chance"]
COLUMNS += ["gain", "gain_low", "gain_high"]
Examples = dict[RunId, list[Example]]


def read_shards(
    shards: Iterable[tuple[str, str, str]], settings: Mapping[str, Any], statistics: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """A row for each puzzle, step and depth. shards: of each the manifests of its hidden states and answers, and the
    table of its runs; those of a puzzle in a row. settings: of the section, steps, tokens, folds and shuffles.
    """
    opened = [(read_shard(states), read_shard(answers), _runs(runs)) for states, answers, runs in shards]
    for task, of_task in groupby(opened, lambda shard: shard[2].task.iloc[0]):
        parts = list(of_task)
        for step in settings["steps"]:
            found: Examples = {}
            for part in parts:
                found |= examples_of(*part, step, settings["tokens"])
            yield from ({"task": task, "step": step, **row} for row in rows_of(found, settings, statistics))


def _runs(path: str) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"case": str})


def examples_of(states: ShardReader, answers: ShardReader, runs: pd.DataFrame, step: int, tokens: int) -> Examples:
    """Of each run that ended in a listed answer an `Example` for each depth, the embedding first.

    runs: RUN_COLUMNS of probes.candidates.table, of the same shard.
    """
    found: Examples = {}
    for row in runs[runs.answer_residual <= STRAY].itertuples():
        run = RunId(row.task, row.case, row.seed)
        if run.name not in states.identities:  # a run of another seed
            continue
        features = token_features(answers.load(run.case)[0]["latents"])
        features = features[:, kept_tokens(features.shape[1], tokens)].numpy()
        answer = [one["candidate"] for one in answers.rows(run.case)].index(row.answer)
        of_depths = states.load(run.name)[0][f"step{step:03d}"].numpy()
        found[run] = [Example(of_depth, features, answer) for of_depth in of_depths]
    return found


def rows_of(
    examples: Mapping[RunId, Sequence[Example]], settings: Mapping[str, Any], statistics: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """A row for each depth: layer -1 is the embedding. Cases are what is resampled, seeds are averaged within one.

    right: share of cases whose answer is read; null: by maps that were fitted to other cases' answers; chance: one over
    the number of candidates; gain: right less null. No row of fewer cases than folds.
    """
    cases, names = pd.factorize(np.array([run.case for run in examples]))
    if len(names) < settings["folds"]:
        return
    how = (settings["folds"], settings["shuffles"], statistics["seed"])
    chance = float(np.mean([1 / len(of_run[0].answers) for of_run in examples.values()]))
    for depth, of_depth in enumerate(zip(*examples.values(), strict=True)):
        right, null = read(of_depth, cases, *how)
        of_cases = pd.DataFrame({"right": right, "null": null}).groupby(cases).mean()
        share = bootstrap_mean(of_cases.right.to_numpy(), **statistics, bounds=SHARE)
        gain = paired_bootstrap(of_cases.right.to_numpy(), of_cases.null.to_numpy(), **statistics)
        row = {"layer": depth - 1, "n": len(of_cases), "seeds": len({run.seed for run in examples})}
        row |= {"null": of_cases.null.mean(), "chance": chance}
        row |= dict(zip(("right", "right_low", "right_high"), share, strict=True))
        yield row | dict(zip(("gain", "gain_low", "gain_high"), gain, strict=True))
