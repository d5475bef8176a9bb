"""The work on x0_pred: the readings of a run by step, and the four tables that they go into."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import pandas as pd

from ...bench.cases import Case
from ...bench.puzzles import PUZZLES, puzzle
from ...bench.puzzles.candidates import right_answers
from ...names import RunId
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..judge import Judge
from .rows import FRAME_COLUMNS, MASS_COLUMNS, READING_COLUMNS, SCORE_COLUMNS, read_steps

Rows = Sequence[Mapping[str, Any]]
COLUMNS = {
    "scores": SCORE_COLUMNS,
    "masses": MASS_COLUMNS,
    "frames": FRAME_COLUMNS,
    "readings": READING_COLUMNS,
}


def read_run(judge: Judge, run: RunId, trajectories: ShardReader) -> list[dict[str, Any]]:
    """A row for each step of an untouched run; see `rows.read_steps`."""
    return read_steps(judge.case(run.case), untouched(trajectories, run), judge.vae, judge.scorer, judge.at_once)


def tables_of(
    rows: Mapping[str, Rows], runs: Mapping[str, RunId], cases: Sequence[Case], columns: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """The tables of COLUMNS, over all runs of a shard; scores as they were measured, the others with four digits."""
    by_name, found = {case.name: case for case in cases}, {name: [] for name in COLUMNS}
    for name, run in runs.items():
        case = by_name[run.case]
        right = set(right_answers(case.task, case.layout)) if case.task in PUZZLES else set()
        described = {**columns, **_described(case, right), "case": run.case, "seed": run.seed}
        for row in rows[name]:
            row = {**row, **described, "exact": row["score"] >= 1}
            found["scores"].append(row)
            found["masses"] += _masses(row, right)
            found["frames"] += [{**row, **of_frame} for of_frame in row["frames"]]
            found["readings"] += [{**row, "reading": key, "value": value} for key, value in row["readings"].items()]
    tables = {name: pd.DataFrame(found[name], columns=COLUMNS[name]) for name in COLUMNS}
    return {name: table if name == "scores" else table.round(4) for name, table in tables.items()}


def _described(case: Case, right: Set[str]) -> dict[str, Any]:
    """How hard a puzzle is, and how many answers to it are right; nothing of other cases."""
    return {"difficulty": puzzle(case.task).difficulty(case.layout), "right_answers": len(right)} if right else {}


def _masses(row: Mapping[str, Any], right: Set[str]) -> Iterator[dict[str, Any]]:
    for candidate, mass in row["masses"].items():
        yield {**row, "candidate": candidate, "right": candidate in right, "mass": mass}
