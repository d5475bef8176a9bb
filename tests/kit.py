"""Stand-ins for EvalKit and for VBVR-Pro-Bench's scorer in their own layouts, and Pythons with stand-ins for what they
import, for tests without a network.

Its score depends on the video alone; what the prompt says makes it misbehave as the real one does.
"""

import tarfile
import venv
from collections.abc import Mapping
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


# what the other scorer asks of a case beside: its symbolic truth, and the word that its entry point always gives
PRO_EVALUATORS = EVALUATORS.replace("min(frames, 100)", "min(frames, 200)").replace(
    "        at = content.index",
    """        (metadata,) = eval_info["metafile_path"]
        assert json.loads(Path(metadata).read_text()) and eval_info["no_ssim_fallback"] is True
        assert not os.environ["CUDA_VISIBLE_DEVICES"]
        at = content.index""",
)
PRO_EVALUATORS = "import json\n" + PRO_EVALUATORS
EASYOCR = """
import os


class Reader:
    def __init__(self, languages, gpu, model_storage_directory):
        assert languages == ["en"] and not gpu
        if model_storage_directory and not os.path.isdir(model_storage_directory):
            raise OSError(f"no weights in {model_storage_directory}")
"""
PRO_PACKAGES = {"ddddocr": "1.6.1", "easyocr": "1.7.2", "norfair": "2.3.0", "numpy": "1.26.4"}
PRO_PACKAGES |= {"scikit-image": "0.26.0", "scipy": "1.17.1", "torch": "2.14.1"}


def pro_checkout(folder: Path, package: str = "vbvr_pro_bench") -> Path:
    """The stand-in for VBVR-Pro-Bench's scorer; package: its name, which changed between commits."""
    return checkout(folder, package, PRO_EVALUATORS)


def checkout(folder: Path, package: str = "vbvr_bench", evaluators: str = EVALUATORS) -> Path:
    """A folder with the stand-in, as the real one is laid out."""
    for path, text in {
        f"{package}/__init__.py": "from .evaluators import get_evaluator\n",
        f"{package}/evaluators/__init__.py": evaluators,
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


def python_with(folder: Path, opencv: str | None = "4.14.0", others: Mapping[str, str] | None = None) -> str:
    """A Python of its own that has this OpenCV, or none, and says that it has these versions of other packages."""
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    if opencv:
        (packages / "cv2.py").write_text(CV2.format(version=opencv))
    for name, version in (others or {}).items():
        about = packages / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
        about.parent.mkdir()
        about.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if "easyocr" in (others or {}):
        (packages / "easyocr.py").write_text(EASYOCR)
    return str(folder / "bin" / "python")
