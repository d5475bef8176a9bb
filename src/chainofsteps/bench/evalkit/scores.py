"""EvalKit, the official scorer of VBVR-Bench: fetched at a pinned commit, asked about one video at a time.

It is never imported here: child.py runs it, in a Python of its own, one process for each video, with a time
limit. It gives two scores, and both are kept: `task_specific`, by the rules of the task (the published one), and
`weighted`, .15 first frame + .35 final frame + .15 smoothness + .10 quality + .25 task_specific. Neither is 1 for the
true clip or 0 for a still one, so the scores of both stand beside every other.
"""

import http.client
import lzma
import math
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from huggingface_hub.utils import WeakFileLock
from PIL import Image

from ...errors import InputError
from ...files import atomic_write, fingerprint, not_writable, read_json, sha256
from ...names import FINAL_FRAME, FIRST_FRAME, GROUND_TRUTH, PUZZLES
from ...statistics import SHARE, bootstrap_mean
from ...store.network import check_way
from ..cases import Case
from ..scoring import Scorer, score
from ..vbvr import COUNTERPARTS, EVALUATORS, TASKS
from ..video import read_mp4, read_png, write_mp4, write_png
from .python import ask, opencv_of

ARCHIVE = "https://github.com/Video-Reason/VBVR-EvalKit/archive/{commit}.tar.gz"
PACKAGE = "vbvr_bench"
MODES = ("task_specific", "weighted")
DIMENSIONS = ("first_frame_consistency", "final_frame_accuracy", "temporal_smoothness", "visual_quality")
SIDE = 1024  # of the official videos, which the evaluators' thresholds in pixels are made for
MOST_FRAMES = 100  # of a video, evenly spaced; of a longer one the kit does not see the others
COLUMNS = ["model", "task", "evaluator", "split", "category", "case", "seed", "run", *MODES, *DIMENSIONS]
COLUMNS += ["rule", "commit", "source", "opencv"]


# ---- the kit's source


def fetch(commit: str, known: str, folder: Path, url: str = ARCHIVE) -> dict[str, str]:
    """Have the kit's Python files at a commit in `folder`, downloaded if it is not there; where it is and its hash.

    known: the `source_hash` that it must have. InputError if it has another, or cannot be downloaded or written.
    """
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with WeakFileLock(folder.with_name(f".{folder.name}.lock")):  # another run may want the same
                if not folder.is_dir():
                    _download(url.format(commit=commit), known, folder)
        except OSError as error:
            raise InputError(not_writable(folder, error)) from error
    return {"folder": str(folder), "commit": commit, "source": _check_source(folder, known)}


def _download(url: str, known: str, folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _unpack(_downloaded(url), partial)
    _check_source(partial, known)
    partial.rename(folder)


def source_hash(folder: Path) -> str:
    """One sha256 of all Python files of the kit, by their paths. An archive's own would change with its compression."""
    files = sorted(Path(folder, PACKAGE).rglob("*.py"))
    if not files:
        raise InputError(f"{folder} has no {PACKAGE}/*.py; give evalkit.folder a checkout of EvalKit")
    return fingerprint({path.relative_to(folder).as_posix(): sha256(path) for path in files})


def _check_source(folder: Path, known: str) -> str:
    found = source_hash(folder)
    if found != known:
        raise InputError(
            f"EvalKit in {folder} has the source hash {found}, not {known} as evalkit.sha256 says; delete it and run "
            "again, or give the hash of the commit that you mean"
        )
    return found


def _downloaded(url: str) -> bytes:
    check_way()
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()
    except (OSError, http.client.HTTPException) as error:  # of urllib's errors too; the second of one cut off
        raise InputError(
            f"EvalKit could not be downloaded from {url} ({error}); run again with a network, or give evalkit.folder"
        ) from error


def _unpack(archive: bytes, folder: Path) -> None:
    """The Python files of the package and the licence, below `folder`: nothing else of an archive is wanted."""
    try:
        with tarfile.open(fileobj=BytesIO(archive)) as members:
            for member in members:
                path = PurePosixPath(*PurePosixPath(member.name).parts[1:])  # below <name>-<commit>
                wanted = path.parts[:1] == (PACKAGE,) and path.suffix == ".py" or str(path) == "LICENSE"
                if member.isfile() and wanted and ".." not in path.parts:
                    atomic_write(folder / path, members.extractfile(member).read())
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"what came for EvalKit is not an archive ({error}); run again without a proxy") from error


# ---- one video


@dataclass(frozen=True)
class Kit:
    """EvalKit and the Python that runs it. folder: of its source; source: its hash; time_limit: seconds a video."""

    folder: str
    commit: str
    source: str
    python: str
    opencv: str
    threads: int = 1
    time_limit: float = 600

    @classmethod
    def read(cls, manifest: str | Path, threads: int, time_limit: float) -> "Kit":
        """As the rules evalkit_source and evalkit_python left it. InputError if it was changed since."""
        kit = cls(**read_json(manifest), threads=threads, time_limit=time_limit)
        _check_source(Path(kit.folder), kit.source)
        if opencv_of(kit.python) != kit.opencv:
            raise InputError(f"{kit.python} has another OpenCV than {manifest} says; delete that and run again")
        return kit

    def evaluate(self, case: Case, video: np.ndarray | None, run: str = "model") -> dict[str, Any]:
        """MODES and DIMENSIONS of a video (T, H, W, 3) uint8 of a case; None: of its true clip, as the file is.

        Those of a puzzle with an official counterpart are enlarged first, and all that they are held against too.
        InputError that names the case and the run if there is no such score.
        """
        if case.task not in EVALUATORS:
            raise InputError(f"case {case.task}/{case.name}: EvalKit has no evaluator for {case.task}; take another")
        with tempfile.TemporaryDirectory(prefix="evalkit-") as folder:
            truth = case.folder.absolute()
            if case.task in COUNTERPARTS:
                truth = _enlarged_truth(case, Path(folder, "truth"))
                video = None if video is None else enlarged(video)
            asked = {
                "folder": str(Path(self.folder).absolute()),
                "threads": self.threads,
                "task": EVALUATORS[case.task],
                "truth": str(truth),
                "video": str(truth / GROUND_TRUTH),
                "frames": None if video is None else min(len(video), MOST_FRAMES),
                "prompt": case.prompt,
            }
            if video is not None:
                asked["video"] = str(Path(folder, "video.mp4"))
                write_mp4(asked["video"], video, to_seek=True)  # the kit looks up each frame by its number
            return self._ask(asked, f"case {case.task}/{case.name}, run {run}")

    def _ask(self, asked: dict[str, Any], name: str) -> dict[str, Any]:
        try:
            found = ask(self.python, asked, self.time_limit)
        except subprocess.TimeoutExpired as error:
            raise InputError(
                f"{name}: EvalKit gave no score within {self.time_limit:g} s; raise evalkit.time_limit"
            ) from error
        except InputError as error:
            raise InputError(f"{name}: EvalKit gave no score ({error}); restore the case, or leave it out") from error
        return {**{mode: found[mode] for mode in MODES}, **found["dimensions"]}


def enlarged(video: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A video (T, H, W, 3) uint8 with its longer side brought to `side` pixels, by Lanczos."""
    height, width = (size * side // max(video.shape[1:3]) for size in video.shape[1:3])
    frames = [Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS) for frame in video]
    return np.stack([np.asarray(frame) for frame in frames])


def _enlarged_truth(case: Case, folder: Path) -> Path:
    """What the evaluator holds a puzzle's video against, enlarged into `folder`."""
    folder.mkdir()
    video = enlarged(read_mp4(case.folder / GROUND_TRUTH))
    write_mp4(folder / GROUND_TRUTH, video, to_seek=True)
    for name, frame in ((FIRST_FRAME, case.first_frame), (FINAL_FRAME, read_png(case.folder / FINAL_FRAME))):
        write_png(folder / name, enlarged(frame[None])[0])
    return folder


def scorer(manifest: str | None, settings: Mapping[str, Any], threads: int) -> Scorer:
    """Who scores a video: the exact rule of its puzzle, or (with the manifest of a kit) EvalKit by the mode of the
    settings, the section `evalkit` of config.yaml."""
    if not manifest:
        return score
    kit = Kit.read(manifest, threads, settings["time_limit"])
    return lambda case, video: kit.evaluate(case, video)[settings["mode"]]


# ---- the table


def runs(kit: Kit, case: Case, videos: Mapping[int, np.ndarray]) -> list[dict[str, Any]]:
    """A row for each video of the model, by its seed, and for what they are read against: the true clip
    (run ground_truth) and the first frame repeated (static). rule: the puzzle's own score of the same video.

    InputError with every failure, if there is one.
    """
    static = np.repeat(case.first_frame[None], case.frames, axis=0)
    wanted = [("model", seed, video) for seed, video in videos.items()]
    wanted += [("ground_truth", None, None), ("static", None, static)]
    rows, failures = [], []
    for run, seed, video in wanted:
        try:
            rows.append({"run": run, "seed": seed, **kit.evaluate(case, video, run)})
        except InputError as error:
            failures.append(str(error))
            continue
        if case.task in PUZZLES:
            rows[-1]["rule"] = score(case, read_mp4(case.folder / GROUND_TRUTH) if video is None else video)
    if failures:
        raise InputError("; ".join(failures))
    return rows


def described(task: str, kit: Kit) -> dict[str, Any]:
    """The columns that all rows of a task share. Split and category are those of the official task."""
    named = {"task": task, "evaluator": EVALUATORS[task], **asdict(TASKS[EVALUATORS[task]])}
    return {**named, **{name: getattr(kit, name) for name in ("commit", "source", "opencv")}}


def summary(table: pd.DataFrame, statistics: Mapping[str, Any]) -> pd.DataFrame:
    """Means of both scores over cases, with bootstrap intervals, of each run: over all, per split, per category of a
    split, and per task. "all" stands in the columns that a row is taken over. rule, the puzzles' own score of the same
    videos, is empty where not all cases are puzzles."""
    rows = []
    for keys in ([], ["split"], ["split", "category"], ["split", "category", "task"]):
        for values, group in table.groupby(["model", "run", *keys], sort=False):
            row = {**dict.fromkeys(["model", "run", "split", "category", "task"], "all")}
            rows.append({**row, **dict(zip(["model", "run", *keys], values, strict=True)), **_means(group, statistics)})
    return pd.DataFrame(rows).round(4)


def _means(group: pd.DataFrame, statistics: Mapping[str, Any]) -> dict[str, float]:
    row: dict[str, float] = {}
    group = group.assign(seed=group.seed.fillna(-1))  # of what is no run of the model
    for name in (*MODES, "rule"):
        if group[name].isna().any():
            row |= dict.fromkeys([name, f"{name}_low", f"{name}_high"], math.nan)
            continue
        per_case = group.pivot_table(index=["task", "case"], columns="seed", values=name)
        row |= {"n": per_case.shape[0], "seeds": per_case.shape[1]}
        estimate, low, high = bootstrap_mean(per_case.to_numpy(), **statistics, bounds=SHARE)
        row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
    return row
