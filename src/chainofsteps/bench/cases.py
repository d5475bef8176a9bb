"""Cases, read and written: ours and the official ones by the same code. `layout` says where they lie."""

import json
import math
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import not_writable
from ..names import (
    FINAL_FRAME,
    FIRST_FRAME,
    GROUND_TRUTH,
    LAYOUT,
    METADATA,
    PARTIAL,
    PICTURE,
    PROMPT,
    PUZZLES,
    case_label,
    case_names,
    is_name,
    task_folder,
    true_pictures,
)
from .puzzles import on_board, puzzle
from .sizes import ROUNDED
from .video import Frame, Video, frames_in, read_mp4, read_png, resized, write_mp4, write_png

LOST = "\ufffd"  # what a program puts in the place of a character that it could not read
DISTORTED = 1.05  # of height over width, beyond which a picture looks squeezed

Fitted = Sequence[int] | str | None  # see `fit`


@dataclass(frozen=True)
class Case:
    """One case: what the model is given, and where its truth lies.

    first_frame is (height, width, 3) uint8; ``frames`` is the length to generate, 4k+1, rounded up from the true clip,
    or as it was asked for where there is none, or only pictures in its place. ``given``: (height, width) of
    first_frame.png, if that was resized.
    """

    task: str
    name: str
    folder: Path
    prompt: str
    first_frame: np.ndarray
    frames: int
    layout: dict | None
    given: tuple[int, int] | None = None

    @property
    def height(self) -> int:
        return self.first_frame.shape[0]

    @property
    def width(self) -> int:
        return self.first_frame.shape[1]


def write_case(root: Path, split: str, task: str, name: str, puzzle) -> Path:
    """Write a puzzle's case folder and return it; the folder appears whole or not at all.

    Raises InputError if the place cannot be written.
    """
    folder = root / split / task / name
    try:
        partial = folder.with_name(name + PARTIAL)
        if partial.exists():  # of a job that was killed
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
        write_png(partial / FIRST_FRAME, puzzle.video[0])
        write_png(partial / FINAL_FRAME, puzzle.video[-1])
        write_mp4(partial / GROUND_TRUTH, puzzle.video)
        (partial / PROMPT).write_text(puzzle.prompt + "\n", encoding="utf-8")
        (partial / LAYOUT).write_text(json.dumps(puzzle.layout, sort_keys=True) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    except OSError as error:
        raise InputError(not_writable(folder, error)) from error
    return folder


def listed_cases(manifest: Mapping[str, Any], names: Sequence[str] | None = None) -> list[Case]:
    """The cases that a manifest of rule cases lists, or the named ones, in the size and length that it says."""
    of_folder = {key: manifest.get(key) for key in ("frames", "fitted")}
    return read_cases(
        manifest["root"], manifest["task"], list(manifest["cases"] if names is None else names), **of_folder
    )


def read_cases(
    root: Path,
    task: str,
    names: list[str] | None = None,
    multiple: int = 16,
    frames: int | None = None,
    fitted: Fitted = None,
) -> list[Case]:
    """Read the named cases of a task (default: all, sorted).

    ``multiple`` is what height and width must be divisible by: VAE scale times patch size, 16 for Wan 2.1 and 2.2 14B.
    ``frames``: of a case without a true clip, 4k+1; None where every case has one. ``fitted``: see `fit`.
    """
    names = case_names(root, task) if names is None else names
    for name in (task, *names):
        if not is_name(name):
            raise InputError(f"case {task}/{name}: {name!r} cannot be the name of a folder in {root}; rename it")
    folder = task_folder(root, task)
    return [read_case(folder / name, task, multiple, frames, fitted) for name in names]


def read_case(folder: Path, task: str, multiple: int = 16, frames: int | None = None, fitted: Fitted = None) -> Case:
    """Read one case folder; every missing or unusable part is an InputError that names it."""
    clip, pictures = folder / GROUND_TRUTH, true_pictures(folder)
    unknown = frames is None and not pictures  # how long the video is
    for path in (folder / FIRST_FRAME, folder / PROMPT, *[clip] * unknown):
        if not path.is_file():
            mend = "add it, set cases.frames" if path == clip else "add it"
            raise InputError(f"case {task}/{folder.name} has no {path.name} ({folder}); {mend} or leave the case out")
    prompt = _read_prompt(folder, f"case {task}/{folder.name}")
    _check_in_order(pictures, f"case {task}/{folder.name}")
    try:
        first_frame = read_png(folder / FIRST_FRAME)
    except OSError as error:
        raise InputError(f"case {task}/{folder.name}: {FIRST_FRAME} is not an image ({error}); restore it") from error
    given = first_frame.shape[:2]
    first_frame = fit(first_frame, fitted, multiple)
    height, width = first_frame.shape[:2]
    if height % multiple or width % multiple:
        fitting = "x".join(str(max(multiple, side // multiple * multiple)) for side in (width, height))
        raise InputError(
            f"case {task}/{folder.name}: first frame is {width}x{height}, but both must be divisible by {multiple}; "
            f"resize it to {fitting}, or set cases.size"
        )
    count = frames_in(clip) if clip.is_file() else frames or 1 + len(pictures)
    if clip.is_file() and count < 2:
        raise InputError(f"case {task}/{folder.name}: {clip.name} has one frame; give the video, or leave it out")
    layout = _read_layout(folder, task)
    if (folder / METADATA).is_file():
        _read_keys(folder / METADATA, f"case {task}/{folder.name}")
    resized = given if given != (height, width) else None
    return Case(task, folder.name, folder, prompt, first_frame, (count + 2) // 4 * 4 + 1, layout, resized)


def fit(first_frame: Frame, fitted: Fitted, multiple: int = 16) -> Frame:
    """A picture in the size that a folder's cases are run in, by pillow's bicubic filter, as the paper's tools do it.

    fitted: (height, width); "rounded" for sides rounded up to `multiple`; None leaves it as it is.
    """
    height, width = first_frame.shape[:2]
    if fitted is None:
        return first_frame
    if fitted == ROUNDED:
        fitted = tuple(-(-side // multiple) * multiple for side in (height, width))
    return resized(first_frame[None], *fitted)[0]


def true_clip(case: Case) -> Video:
    """The true clip of a case in the size that the case is run in, uint8 (T, height, width, 3): its video, or its first
    frame and the pictures that follow it.

    Raises InputError as `unresized_clip` does.
    """
    return resized(unresized_clip(case), case.height, case.width)


def unresized_clip(case: Case) -> Video:
    """The true clip of a case in its own size. Raises InputError if it cannot be read, if its pictures differ in size,
    or if it has another shape than the first frame: resized to that it would be distorted."""
    pictures = true_pictures(case.folder)
    clip = _clip_of(case.folder, pictures) if pictures else read_mp4(case.folder / GROUND_TRUTH)
    (height, width), (high, wide) = clip.shape[1:3], case.given or (case.height, case.width)
    if abs(math.log(width * high / (height * wide))) > math.log(DISTORTED):
        raise InputError(
            f"case {case_label(case.task, case.name)}: its true clip is {width}x{height}, but its first frame "
            f"{wide}x{high}; give both one shape"
        )
    return clip


def _clip_of(folder: Path, pictures: Sequence[Path]) -> Video:
    clip = []
    for path in (folder / FIRST_FRAME, *pictures):
        try:
            clip.append(read_png(path))
        except OSError as error:
            raise InputError(f"{path} is not an image ({error}); restore it") from error
        if clip[-1].shape != clip[0].shape:
            raise InputError(f"{path} has another size than {FIRST_FRAME}; save both in one size")
    return np.stack(clip)


def check_scorable(case: Case) -> None:
    """Raises InputError if the case's task is a puzzle whose rule cannot read the case's layout and true clip."""
    if case.task not in PUZZLES:
        return
    try:
        puzzle(case.task).score(on_board(case.task, read_mp4(case.folder / GROUND_TRUTH)), case.layout)
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"case {case.task}/{case.name}: {LAYOUT} and {GROUND_TRUTH} are not those of a {case.task} ({error!r}); "
            "restore them, or rename the task"
        ) from error


def _read_prompt(folder: Path, case: str) -> str:
    try:
        prompt = (folder / PROMPT).read_text(encoding="utf-8-sig").strip()  # some editors begin with a mark
    except UnicodeDecodeError as error:
        raise InputError(f"{case}: {PROMPT} is not UTF-8 ({error}); save it as UTF-8") from error
    kinds = {char: unicodedata.category(char) for char in prompt if char not in "\t\n\r"}
    for char, kind in kinds.items():
        if kind == "Cc" or char == LOST:
            raise InputError(f"{case}: {PROMPT} holds U+{ord(char):04X}, which is no text; save it as UTF-8")
    if all(kind == "Cf" or kind[0] == "Z" for kind in kinds.values()):  # nothing that anybody sees
        raise InputError(f"{case} has an empty {PROMPT} ({folder}); write the prompt into it")
    return prompt


def _check_in_order(pictures: Sequence[Path], case: str) -> None:
    """InputError unless the pictures behind the first frame are numbered 1, 2, 3, ...: one of them was lost."""
    if [int(PICTURE.fullmatch(path.name)[1]) for path in pictures] != [*range(1, len(pictures) + 1)]:
        raise InputError(
            f"{case}: its pictures must be frame_1.png to frame_{len(pictures)}.png, without a gap; there are "
            f"{', '.join(path.name for path in pictures[:5])}, ...; rename them, or restore those that lack"
        )


def _read_layout(folder: Path, task: str) -> dict | None:
    path, case = folder / LAYOUT, f"case {task}/{folder.name}"
    if not path.is_file():
        if task in PUZZLES:
            raise InputError(
                f"{case} has no {LAYOUT}, which the score of {task} needs ({folder}); add it, or rename the task"
            )
        return None
    return _read_keys(path, case)


def _read_keys(path: Path, case: str) -> dict:
    """The keys of a JSON file of a case."""
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{case}: {path.name} is not JSON ({error}); restore it") from error
    if not isinstance(keys, dict):
        raise InputError(f"{case}: {path.name} is not a section of keys; restore it")
    return keys
