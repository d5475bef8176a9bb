"""One video, scored by EvalKit in a process and a Python of its own: JSON on stdin, JSON on stdout.

Run by path, by a Python that has OpenCV and need not have anything of ours. An empty question is answered with the
version of OpenCV alone.
"""

import json
import math
import os
import sys

OLDEST, TOO_NEW = (4, 10), (5, 0)  # in OpenCV 5 HoughLinesP gives another shape: a right video would score 0


def opencv(cv2):
    """The version of OpenCV, if the kit can be trusted on it."""
    version = tuple(map(int, cv2.__version__.split(".")[:2]))
    if not OLDEST <= version < TOO_NEW:
        raise RuntimeError(f"EvalKit needs OpenCV from 4.10 to below 5, and this Python has {cv2.__version__}")
    return cv2.__version__


def main(asked):
    import cv2

    answer = {"opencv": opencv(cv2)}
    if not asked:
        return answer
    cv2.setNumThreads(asked["threads"])
    sys.path.insert(0, asked["folder"])
    from vbvr_bench.evaluators import TASK_EVALUATOR_MAP, get_evaluator

    if asked["task"] not in TASK_EVALUATOR_MAP:
        raise RuntimeError(f"EvalKit has no evaluator for {asked['task']}")
    truth = asked["truth"]
    found = get_evaluator(asked["task"], "cpu").evaluate(
        {
            "task_name": asked["task"],
            "video_path": asked["video"],
            "gt_path": truth,
            "gt_video_path": os.path.join(truth, "ground_truth.mp4"),
            "gt_first_frame": os.path.join(truth, "first_frame.png"),
            "gt_final_frame": os.path.join(truth, "final_frame.png"),
            "prompt": asked["prompt"],
        }
    )
    if "error" in found:  # the kit goes on with a score of 0
        raise RuntimeError(found["error"])
    read, wanted = found["details"]["video_frame_count"], asked["frames"]
    if read == 0 or wanted is not None and read != wanted:
        raise RuntimeError(f"EvalKit read {read} frames of {asked['video']}, which has {wanted or 'more'}")
    dimensions = {name: float(value) for name, value in found["dimensions"].items()}
    scores = {"task_specific": dimensions.pop("task_specific"), "weighted": float(found["score"])}
    if not all(map(math.isfinite, [*scores.values(), *dimensions.values()])):
        raise RuntimeError(f"EvalKit gave a score that is no number: {found['dimensions']}")
    return {**answer, **scores, "dimensions": dimensions}


if __name__ == "__main__":
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the kit prints is no part of the answer
    try:
        json.dump(main(json.load(sys.stdin)), answer)
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
