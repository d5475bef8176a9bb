"""The half of its benchmark and the category that a task belongs to: a puzzle that is made here, or a task of
VBVR-Bench."""

from ..names import IN_DOMAIN, SPLITS
from . import puzzles
from .vbvr import TASKS


def split_of(task: str) -> str:
    """As it is spelt in names.SPLITS."""
    return TASKS[task].split if task in TASKS else SPLITS[task not in IN_DOMAIN]


def category_of(task: str) -> str:
    """One of the benchmark's five. Raises InputError for a task that is neither."""
    return TASKS[task].category if task in TASKS else puzzles.puzzle(task).CATEGORY
