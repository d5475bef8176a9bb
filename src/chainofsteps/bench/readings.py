"""What one decoded video shows besides its last frame's candidates: frame by frame, and of its memory and its plan.

- `by_frame`: which candidate each latent frame's last frame supports. Self-correction (C7) asks whether all frames
  change to the final answer in one step.
- `named`: of the puzzles whose question is not which candidate but whether something is there, that something in
  [0, 1]. `out_and_back` and `occlusion`: whether a reference survives while it is not to be seen (C6).
  `find_then_move`: whether the object is marked, and whether anything has moved (C8).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import nnls

from ..model.sizes import VAE_STRIDE
from .puzzles import find_then_move
from .puzzles.canvas import CELLS, COLOURS, amount, centre, resampled
from .puzzles.objects import seen

MEMORY = ("out_and_back", "occlusion")
PLAN = ("find_then_move",)
REACH = 2  # pixels to either side of a row's middle, and of a place in it, that are averaged


def weights(changes: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Shares w >= 0, clipped to 1, of which ``change = sum_k w_k changes_k`` comes nearest: least squares.

    changes (k, ...) and change (...): differences from the first frame. A change that is none has weight 0.
    """
    touched = np.abs(changes).max(axis=tuple(range(1, changes.ndim))) > 0
    found = np.zeros(len(changes))
    if touched.any():
        columns = changes[touched].reshape(touched.sum(), -1).T
        used = np.abs(columns).max(axis=1) > 0
        # the same least squares in as many rows as there are columns
        q, r = np.linalg.qr(columns[used])
        found[touched] = nnls(r, q.T @ change.ravel()[used])[0]
    return np.clip(found, 0, 1)


def by_frame(video: np.ndarray, answers: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """A row for the last frame of each latent frame but the first, which is given: frame, leading, mass, apart.

    video (T, H, W, 3) uint8 or float, T = 4k + 1. answers: a puzzle's. Candidates that look the same in a frame are
    one there, by the name of the first of them; `apart` says how many there are then: a frame with one tells nothing.
    """
    clips = {name: resampled(clip, len(video)).astype(np.float64) for name, clip in answers.items()}
    first, rows = next(iter(clips.values()))[0], []
    for frame in range(VAE_STRIDE, len(video), VAE_STRIDE):
        names: list[str] = []
        for name, clip in clips.items():
            if not any(np.array_equal(clip[frame], clips[other][frame]) for other in names):
                names.append(name)
        masses = weights(np.stack([clips[name][frame] - first for name in names]), video[frame] - first)
        leading = int(masses.argmax())
        rows.append({"frame": frame, "leading": names[leading], "mass": float(masses[leading]), "apart": len(names)})
    return rows


def named(task: str, video: np.ndarray, layout: dict) -> dict[str, float]:
    """Readings in [0, 1] of one video (T, 64, 64, 3); of other puzzles than those above, none."""
    readers = {"out_and_back": _out_and_back, "occlusion": _occlusion, "find_then_move": _find_then_move}
    return readers[task](video.astype(np.float64), layout) if task in readers else {}


def _out_and_back(video: np.ndarray, layout: dict) -> dict[str, float]:
    """The object's colour at its start in the first frame, not there half-way, and there again in the last."""
    item = layout["object"]
    first, middle, last = (seen(video[index], item) for index in (0, len(video) // 2, -1))
    return {"given": first, "away": 1 - middle, "back": last}


def _occlusion(video: np.ndarray, layout: dict) -> dict[str, float]:
    """Of the two objects the worse: its colour at its start, nowhere in its row half-way, and at its far end."""
    found = {"given": [], "away": [], "back": []}
    for item in layout["objects"]:
        start, end = (0, CELLS - 1) if item["from_left"] else (CELLS - 1, 0)
        found["given"].append(seen(video[0], {**item, "cell": [item["row"], start]}))
        found["away"].append(1 - _in_row(video[len(video) // 2], item))
        found["back"].append(seen(video[-1], {**item, "cell": [item["row"], end]}))
    return {name: min(values) for name, values in found.items()}


def _in_row(frame: np.ndarray, item: dict) -> float:
    """The most of an object's colour anywhere in its row."""
    y = int(centre(item["row"]))
    profile = amount(frame[y - REACH : y + REACH + 1], COLOURS[item["colour"]]).mean(axis=0)
    width = 2 * REACH + 1
    return float(np.convolve(profile, np.ones(width) / width, "valid").max())


def _find_then_move(video: np.ndarray, layout: dict) -> dict[str, float]:
    """marked: the frame around the named object, when it is to be whole and nothing has moved; marked_other: the most
    around another. moved: in the last frame, any object's way into the box, all together; moved_named: the named one's.

    With each candidate's video v, first frame f and the frame t at which its mark is whole: x_t - f is explained by
    the marks v_t - f, and x_last - f by the motions v_last - v_t, which share no pixel with the marks. So a mark alone
    is no motion, and an object that moves without a mark is no mark. `moved` asks for any object's motion and `marked`
    for the named one's mark: that difference can make the motion seem early, and never late.
    """
    clips = np.stack([resampled(clip, len(video)) for clip in find_then_move.answers(layout).values()])
    clips, target = clips.astype(np.float64), layout["target"]
    found = round(find_then_move.FOUND * (len(video) - 1))
    first = clips[0, 0]
    marked = weights(clips[:, found] - first, video[found] - first)
    moved = weights(clips[:, -1] - clips[:, found], video[-1] - first)
    return {
        "marked": float(marked[target]),
        "marked_other": float(np.delete(marked, target).max()),
        "moved": min(1.0, float(moved.sum())),
        "moved_named": float(moved[target]),
    }


def first_there(values: Sequence[float], least: float) -> int | None:
    """The first index from which on all values are at least `least`; None if the last one is not."""
    below = [index for index, value in enumerate(values) if value < least]
    start = below[-1] + 1 if below else 0
    return start if start < len(values) else None
