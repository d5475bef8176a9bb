"""VBVR-Bench, the official benchmark: its tasks, by the names of their folders, and their cases.

The Snakefile reads this in every job: no torch, pandas or numpy here.
"""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Task:
    """split: as it is spelt in names.SPLITS. category: one of the benchmark's five; pro_category: that of the same task
    in VBVR-Pro-Bench, whose registry has 23 of the hundred elsewhere."""

    split: str
    category: str
    pro_category: str


def _tasks() -> dict[str, Task]:
    with open(Path(__file__).with_name("vbvr_tasks.csv"), encoding="utf-8", newline="") as file:
        return {row.pop("task"): Task(**row) for row in csv.DictReader(file)}


TASKS = _tasks()  # all hundred; its scorer has one evaluator for each
# Embedded puzzles whose videos hold all that the evaluator of an official task looks at: coloured figures on white
# that turn. Not the mazes (O-39 looks for an orange route), nor what is marked by a black frame (G-131, G-147,
# G-161 ... look for a red circle), nor next_size (G-193 knows one pattern, large, medium, small).
COUNTERPARTS = {"rotation": "O-85_2d_object_rotation_data-generator"}
EVALUATORS = {**{task: task for task in TASKS}, **COUNTERPARTS}  # of every task that the official scorer can score
CASES = tuple(f"{number:05d}" for number in range(5))  # of every task
