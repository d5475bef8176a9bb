"""One video, scored by an official scorer in a process and a Python of its own: JSON on stdin, JSON on stdout.

Run by path, by a Python that has OpenCV and need not have anything of ours. A question without a video is answered with
the versions of OpenCV and of the packages that it names alone.
"""

import importlib
import json
import math
import os
import sys
from importlib.metadata import version

OLDEST, TOO_NEW = (4, 10), (5, 0)  # in OpenCV 5 HoughLinesP gives another shape: a right video would score 0


def opencv(cv2):
    """The version of OpenCV, if the kit can be trusted on it."""
    version = tuple(map(int, cv2.__version__.split(".")[:2]))
    if not OLDEST <= version < TOO_NEW:
        raise RuntimeError(f"the scorer needs OpenCV from 4.10 to below 5, and this Python has {cv2.__version__}")
    return cv2.__version__


def check_reading():
    """Fails where EasyOCR or its weights are not there, which are downloaded on first use: the kit itself would go on,
    read no text and give another score."""
    import easyocr

    easyocr.Reader(["en"], gpu=False, model_storage_directory=os.environ.get("VBVR_EASYOCR_MODELS") or None)


def main(asked):
    import cv2

    answer = {"opencv": opencv(cv2), "packages": "; ".join(f"{name} {version(name)}" for name in asked["needs"])}
    if "video" not in asked:
        if asked["reads_text"]:
            check_reading()
        return answer
    cv2.setNumThreads(asked["threads"])
    sys.path.insert(0, asked["folder"])
    evaluators = importlib.import_module(asked["package"] + ".evaluators")
    if asked["task"] not in evaluators.TASK_EVALUATOR_MAP:
        raise RuntimeError(f"the scorer has no evaluator for {asked['task']}")
    found = evaluators.get_evaluator(asked["task"], "cpu").evaluate(described(asked))
    if "error" in found:  # the kit goes on with a score of 0
        raise RuntimeError(found["error"])
    read, wanted = found["details"]["video_frame_count"], asked["frames"]
    if read == 0 or wanted is not None and read != wanted:
        raise RuntimeError(f"the scorer read {read} frames of {asked['video']}, which has {wanted or 'more'}")
    dimensions = {name: float(value) for name, value in found["dimensions"].items()}
    scores = {"task_specific": dimensions.pop("task_specific"), "weighted": float(found["score"])}
    if not all(map(math.isfinite, [*scores.values(), *dimensions.values()])):
        raise RuntimeError(f"the scorer gave a score that is no number: {found['dimensions']}")
    return {**answer, **scores, "dimensions": dimensions}


def described(asked):
    """A video and its case as the kits' own entry points describe them."""
    truth = asked["truth"]
    info = {
        "task_name": asked["task"],
        "video_path": asked["video"],
        "gt_path": truth,
        "gt_video_path": os.path.join(truth, "ground_truth.mp4"),
        "gt_first_frame": os.path.join(truth, "first_frame.png"),
        "gt_final_frame": os.path.join(truth, "final_frame.png"),
        "prompt": asked["prompt"],
    }
    if asked["metadata"]:  # as the entry point of VBVR-Pro-Bench for videos does
        info |= {"metafile_path": [os.path.join(truth, "metadata.json")], "no_ssim_fallback": True}
    return info


if __name__ == "__main__":
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the kit prints is no part of the answer
    try:
        json.dump(main(json.load(sys.stdin)), answer)
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
