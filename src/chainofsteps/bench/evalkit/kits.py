"""The official scorers of VBVR-Bench, by the repositories that they come from, and what each needs of a case.

The Snakefile reads this in every job: no torch, pandas or numpy here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...names import FINAL_FRAME, GROUND_TRUTH, METADATA, true_pictures
from ..vbvr import EVALUATORS, TASKS, Task

EVALKIT, PRO = "Video-Reason/VBVR-EvalKit", "Video-Reason/VBVR-Pro-Bench"
PACKAGES = ("vbvr_bench", "vbvr_pro_bench")  # with the evaluators: VBVR-Pro-Bench renamed its own


@dataclass(frozen=True)
class About:
    """What is known of a scorer before it is there.

    name: for messages and notes. bench: that it is of. most_frames: of a video, evenly spaced; of a longer one it does
    not see the others. environment: the file in envs/ with what it imports. needs: packages beside OpenCV whose
    versions its scores depend on. reads_text: it runs EasyOCR. files: of a case, which it reads. evaluators: by task.
    """

    name: str
    bench: str
    most_frames: int
    environment: str
    needs: tuple[str, ...]
    reads_text: bool
    files: tuple[str, ...]
    evaluators: Mapping[str, str]

    def category(self, task: Task) -> str:
        """The category that the scorer's own benchmark puts a task into."""
        return task.pro_category if self.bench == "VBVR-Pro-Bench" else task.category


KITS = {
    EVALKIT: About("EvalKit", "VBVR-Bench", 100, "evalkit.yaml", (), False, (GROUND_TRUTH, FINAL_FRAME), EVALUATORS),
    PRO: About(
        "VBVR-Pro-Bench's scorer",
        "VBVR-Pro-Bench",
        200,
        "vbvr-pro.yaml",
        ("ddddocr", "easyocr", "norfair", "numpy", "scikit-image", "scipy", "torch"),
        True,
        (GROUND_TRUTH, FINAL_FRAME, METADATA),
        {task: task for task in TASKS},  # puzzles have no metadata.json
    ),
}


def check_files(repo: str, folder: Path, case: str) -> None:
    """InputError if a case lacks a file that the scorer of a repository reads. case: its name, for the message."""
    about = KITS[repo]
    missing = [name for name in about.files if not (folder / name).is_file()]
    if GROUND_TRUTH in missing and true_pictures(folder):
        raise InputError(
            f"case {case} is of an image setting ({folder}), and {about.name} scores videos against a true clip; take "
            "the case from VBVR-Pro-Bench-Video"
        )
    if missing:
        raise InputError(
            f"case {case} has no {missing[0]}, which {about.name} reads ({folder}); add it, or leave it out"
        )
