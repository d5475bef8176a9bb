"""Where cases lie on disk, and the names of the puzzles: for the Snakefile and the plan, so no torch or numpy here.

``<root>/{In-Domain_50|Out-of-Domain_50}/<task>/<00000>/`` holds first_frame.png, final_frame.png, ground_truth.mp4 and
prompt.txt, as in VBVR-Bench; cases of the embedded benchmark carry ``layout.json`` as well, which their score needs,
and those of VBVR-Pro-Bench ``metadata.json``. Its image setting has pictures frame_1.png, frame_2.png, ... for a clip.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError

SPLITS = ("In-Domain_50", "Out-of-Domain_50")
FIRST_FRAME, FINAL_FRAME, GROUND_TRUTH, PROMPT, LAYOUT = FILES = (
    "first_frame.png",
    "final_frame.png",
    "ground_truth.mp4",
    "prompt.txt",
    "layout.json",
)
METADATA = "metadata.json"
PICTURE = re.compile(r"frame_([0-9]+)\.png")
# of a model, a task, a case, a file of a shard: part of paths, and in none a way out of its folder
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
PARTIAL = ".partial"  # ends the name of a case folder that is being written
CRF = 8  # of x264, in which videos are written: the scores of puzzles survive it

IN_DOMAIN = (  # the embedded model is trained on these
    "loop_maze",
    "unique_maze",
    "loop_maze_5",
    "unique_maze_5",
    "tic_tac_toe",
    "tic_tac_toe_single",
    "shelf",
    "any_shelf",
    "grounding",
    "object_sets",
    "next_size",
    "rotation",
    "out_and_back",
    "occlusion",
    "bounce",
    "find_then_move",
)
OUT_OF_DOMAIN = ("unique_maze_6", "bounce_down", "largest", "odd_one_out", "half_turn")  # and has never seen these
BENCHMARK = IN_DOMAIN + OUT_OF_DOMAIN  # the embedded benchmark
LADDER = (  # the models of the ladder of depths are trained on these too, but for the mazes of 7 x 7 rooms
    "loop_maze_6",
    "loop_maze_7",
    "unique_maze_7",
    "serial_chain",
    "serial_chain_control",
)
PUZZLES = BENCHMARK + LADDER
SIDES = {  # units of a puzzle's board, which are pixels where nothing else is asked for; of the others it has 64
    **dict.fromkeys(("loop_maze_5", "unique_maze_5"), 80),
    **dict.fromkeys(("loop_maze_6", "unique_maze_6", "serial_chain", "serial_chain_control"), 96),
    **dict.fromkeys(("loop_maze_7", "unique_maze_7"), 112),
}
SEVERAL_ANSWERS = ("loop_maze", "loop_maze_5", "tic_tac_toe", "any_shelf", "loop_maze_6", "loop_maze_7")  # all right


@dataclass(frozen=True)
class RunId:
    """One sampled run: the case `case` of `task`, from the noise of `seed`."""

    task: str
    case: str
    seed: int

    @property
    def name(self) -> str:
        """The name of the run's item in a shard of its task, such as "00003-seed1"."""
        return self.case + ending(self.seed)

    @property
    def label(self) -> str:
        """The case among all tasks: the same number in another task is another case, with noise of its own."""
        return case_label(self.task, self.case)

    def at(self, setting: str, value: int) -> str:
        """The name of the item of the run with another value of a setting, such as "00003-seed1-steps4"."""
        return self.case + ending(self.seed, setting, value)


def case_label(task: str, case: str) -> str:
    """A case among all tasks, for messages and for the generator of its noise."""
    return f"{task}/{case}"


def ending(seed: int, setting: str = "", value: int | None = None) -> str:
    """The end of an item's name, after the case. setting: has another value in this run than in the model's entry."""
    return f"-seed{seed}-{setting}{value}" if setting else f"-seed{seed}"


def case_of(item: str) -> str:
    """The case of an item, by the name that a RunId gave it. An item of a case has the name of the case."""
    return item.rpartition("-seed")[0] or item


def runs_of(task: str, cases: Iterable[str], seeds: Iterable[int]) -> dict[str, RunId]:
    """All seeds of the first case, then of the next, by the name of the run."""
    seeds = list(seeds)
    return {run.name: run for case in cases for seed in seeds for run in [RunId(task, case, seed)]}


def is_name(name: object) -> bool:
    """True if it may become part of a path, a command or a table: it means nothing but itself there."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def task_folder(root: str | Path, task: str) -> Path:
    """The folder of a task. Raises InputError if neither split has it, or both."""
    folders = [folder for split in SPLITS if (folder := Path(root, split, task)).is_dir()]
    if not folders:
        raise InputError(f"{root} has no task {task!r} under {' or '.join(SPLITS)}; check cases.folder and cases.tasks")
    if len(folders) > 1:
        raise InputError(f"{root} has task {task!r} under {' and '.join(SPLITS)}; rename one of the two folders")
    return folders[0]


def case_names(root: str | Path, task: str, number: int | None = None) -> list[str]:
    """The names of a task's cases, sorted; of the first `number`, if it is not None.

    Raises InputError if there is none, one that is no NAME, or fewer than that number.
    """
    folder = task_folder(root, task)
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.suffix != PARTIAL
    )
    if not names:
        raise InputError(f"{folder} has no cases; each is a folder such as {folder / '00000'}")
    for name in names:
        if not is_name(name):
            raise InputError(
                f"{folder} has a case {name!r}; rename it: letters, digits, dots, dashes and underscores, "
                "with a letter or a digit first"
            )
    if number is not None and len(names) < number:
        raise InputError(
            f"'cases.number' is {number}, but {folder} has {len(names)} cases; set it to {len(names)}, or to null for "
            "all of each task"
        )
    return names[:number]


def true_pictures(folder: Path) -> list[Path]:
    """The pictures behind the first frame that stand for a true clip, by number; none where there is a clip."""
    if not folder.is_dir() or (folder / GROUND_TRUTH).is_file():
        return []
    numbered = {path: PICTURE.fullmatch(path.name) for path in folder.iterdir() if path.is_file()}
    return sorted((path for path, found in numbered.items() if found), key=lambda path: int(numbered[path][1]))


def case_files(folder: Path) -> list[Path]:
    """The files of a case folder that a case consists of, as far as they are there."""
    named = [folder / name for name in (*FILES, METADATA) if (folder / name).is_file()]
    return named + true_pictures(folder)
