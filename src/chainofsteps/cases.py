"""Cases on disk, in VBVR-Bench's own layout: ours and the official ones are read by the same code.

``<root>/{In-Domain_50|Out-of-Domain_50}/<task>/<00000>/`` holds first_frame.png, final_frame.png, ground_truth.mp4 and
prompt.txt; cases of the embedded benchmark carry ``layout.json`` as well, which their score needs.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from .errors import InputError
from .video import read_mp4, write_mp4

SPLITS = ("In-Domain_50", "Out-of-Domain_50")
FIRST_FRAME, FINAL_FRAME, GROUND_TRUTH, PROMPT, LAYOUT = (
    "first_frame.png",
    "final_frame.png",
    "ground_truth.mp4",
    "prompt.txt",
    "layout.json",
)


@dataclass(frozen=True)
class Case:
    """One case: what the model is given, and where its truth lies.

    first_frame is (height, width, 3) uint8; ``frames`` is the length to generate, 4k+1, rounded up from the true clip.
    """

    task: str
    name: str
    folder: Path
    prompt: str
    first_frame: np.ndarray
    frames: int
    layout: dict | None

    @property
    def height(self) -> int:
        return self.first_frame.shape[0]

    @property
    def width(self) -> int:
        return self.first_frame.shape[1]


def write_case(root: Path, split: str, task: str, name: str, puzzle) -> Path:
    """Write a puzzle's case folder and return it; the folder appears whole or not at all."""
    folder = root / split / task / name
    partial = folder.with_name(name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    Image.fromarray(puzzle.video[0]).save(partial / FIRST_FRAME)
    Image.fromarray(puzzle.video[-1]).save(partial / FINAL_FRAME)
    write_mp4(partial / GROUND_TRUTH, puzzle.video)
    (partial / PROMPT).write_text(puzzle.prompt + "\n", encoding="utf-8")
    (partial / LAYOUT).write_text(json.dumps(puzzle.layout, sort_keys=True) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    return folder


def task_folder(root: Path, task: str) -> Path:
    """The folder of a task under either split; raises InputError if neither has it."""
    for split in SPLITS:
        if (root / split / task).is_dir():
            return root / split / task
    raise InputError(f"{root} has no task {task!r} under {' or '.join(SPLITS)}; check cases.folder and cases.tasks")


def read_cases(root: Path, task: str, names: list[str] | None = None, multiple: int = 16) -> list[Case]:
    """Read the named cases of a task (default: all, sorted).

    ``multiple`` is what height and width must be divisible by: VAE scale times patch size, 16 for Wan 2.1 and 2.2 14B.
    """
    folder = task_folder(Path(root), task)
    if names is None:
        names = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.suffix != ".partial")
    return [read_case(folder / name, task, multiple) for name in names]


def read_case(folder: Path, task: str, multiple: int = 16) -> Case:
    """Read one case folder; every missing or unusable part is an InputError that names it."""
    for name in (FIRST_FRAME, PROMPT, GROUND_TRUTH):
        if not (folder / name).is_file():
            raise InputError(f"case {task}/{folder.name} has no {name} ({folder}); add it or leave the case out")
    prompt = (folder / PROMPT).read_text(encoding="utf-8").strip()
    if not prompt:
        raise InputError(f"case {task}/{folder.name} has an empty {PROMPT} ({folder}); write the prompt into it")
    try:
        first_frame = np.asarray(Image.open(folder / FIRST_FRAME).convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(f"case {task}/{folder.name}: {FIRST_FRAME} is not an image ({error}); restore it") from error
    height, width = first_frame.shape[:2]
    if height % multiple or width % multiple:
        raise InputError(
            f"case {task}/{folder.name}: first frame is {width}x{height}, but both must be divisible by {multiple}; "
            f"resize it to {width // multiple * multiple}x{height // multiple * multiple}"
        )
    count = len(read_mp4(folder / GROUND_TRUTH))
    layout = json.loads((folder / LAYOUT).read_text(encoding="utf-8")) if (folder / LAYOUT).is_file() else None
    return Case(task, folder.name, folder, prompt, first_frame, (count + 2) // 4 * 4 + 1, layout)
