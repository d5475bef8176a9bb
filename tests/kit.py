"""A stand-in for EvalKit in its own layout, and Pythons with a stand-in for OpenCV, for tests without a network.

Its score depends on the video alone; what the prompt says makes it misbehave as the real one does.
"""

import tarfile
import venv
from pathlib import Path

COMMIT = "0" * 39 + "1"
EVALUATORS = """
import os
import time
from pathlib import Path


class Evaluator:
    def __init__(self, device, task_name):
        self.used = False

    def evaluate(self, eval_info, **kwargs):
        assert not self.used and device_of(eval_info)
        self.used = True
        print("the kit prints what it likes")
        prompt, content = eval_info["prompt"], Path(eval_info["video_path"]).read_bytes()
        if "sleep" in prompt:
            time.sleep(60)
        if "exit" in prompt:
            os._exit(3)
        if "error" in prompt:
            return {"score": 0.0, "error": "division by zero", "dimensions": {}}
        for part in ("gt_video_path", "gt_first_frame", "gt_final_frame"):
            assert Path(eval_info[part]).is_file(), part
        at = content.index(b"stsz")  # of an mp4: the samples and their number
        frames = int.from_bytes(content[at + 12 : at + 16], "big")
        score = 0.94 if eval_info["video_path"] == eval_info["gt_video_path"] else min(1.0, len(content) / 1_000_000)
        score = float("nan") if "nan" in prompt else score
        others = dict.fromkeys(
            ["first_frame_consistency", "final_frame_accuracy", "temporal_smoothness", "visual_quality"], 0.5
        )
        details = {"video_frame_count": 0 if "drop" in prompt else min(frames, 100)}
        dimensions = {**others, "task_specific": score}
        return {"score": 0.375 + 0.25 * score, "dimensions": dimensions, "details": details}


def device_of(eval_info):
    return set(eval_info) >= {"task_name", "video_path", "gt_path", "prompt"}


TASK_EVALUATOR_MAP = dict.fromkeys(
    ["O-39_maze_data-generator", "O-85_2d_object_rotation_data-generator"], Evaluator
)


def get_evaluator(task_name, device="cuda"):
    return TASK_EVALUATOR_MAP[task_name](device=device, task_name=task_name)
"""
CV2 = '__version__ = "{version}"\n\n\ndef setNumThreads(threads):\n    assert threads == 1\n'


def checkout(folder: Path) -> Path:
    """A folder with the stand-in, as the real one is laid out."""
    for path, text in {
        "vbvr_bench/__init__.py": "from .evaluators import get_evaluator\n",
        "vbvr_bench/evaluators/__init__.py": EVALUATORS,
        "evaluate.py": "raise ImportError('it hides a package of that name')\n",
        "LICENSE": "Apache-2.0\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def archive(folder: Path, source: Path) -> Path:
    """What GitHub hands out for the commit: everything below <name>-<commit>."""
    path = folder / f"{COMMIT}.tar.gz"
    with tarfile.open(path, "w:gz") as members:
        members.add(source, f"VBVR-EvalKit-{COMMIT}")
    return path


def python_with(folder: Path, opencv: str | None = "4.14.0") -> str:
    """A Python of its own that has this OpenCV, or none."""
    venv.create(folder, symlinks=True)
    if opencv:
        packages = next(folder.glob("lib/python*/site-packages"))
        (packages / "cv2.py").write_text(CV2.format(version=opencv))
    return str(folder / "bin" / "python")
