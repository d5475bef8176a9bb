"""EvalKit, the official scorer of VBVR-Bench, or that of VBVR-Pro-Bench: asked about one video at a time.

It is never imported here: child.py runs it, in a Python of its own, one process for each video, with a time
limit. It gives two scores, and both are kept: `task_specific`, by the rules of the task (the published one), and
`weighted`, .15 first frame + .35 final frame + .15 smoothness + .10 quality + .25 task_specific. Neither is 1 for the
true clip or 0 for a still one, so the scores of both stand beside every other.
"""

import math
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from ...errors import InputError
from ...files import read_json
from ...names import CRF, FINAL_FRAME, FIRST_FRAME, GROUND_TRUTH, METADATA, PUZZLES
from ...statistics import SHARE, bootstrap_mean
from ..cases import Case
from ..scorer_check import failing, references_of
from ..scoring import Scorer, score, scored
from ..vbvr import COUNTERPARTS, TASKS
from ..video import read_mp4, read_png, resized, write_mp4, write_png
from .kits import EVALKIT, KITS, About, check_files
from .python import ask, versions_of
from .source import check_source, package_of

MODES = ("task_specific", "weighted")
DIMENSIONS = ("first_frame_consistency", "final_frame_accuracy", "temporal_smoothness", "visual_quality")
SIDE = 1024  # of the official videos, which the evaluators' thresholds in pixels are made for
COLUMNS = ["model", "task", "evaluator", "split", "category", "case", "seed", "run", *MODES, *DIMENSIONS]
IDENTITY = ("repo", "commit", "source", "opencv", "packages")  # of a kit: all that moves its scores
COLUMNS += ["rule", *IDENTITY]


# ---- one video


@dataclass(frozen=True)
class Kit:
    """A scorer and the Python that runs it. folder: of its source; source: its hash; packages: the versions of those
    that its scores depend on beside OpenCV; time_limit: seconds a video; crf: of x264, for the videos that it reads."""

    folder: str
    commit: str
    source: str
    python: str
    opencv: str
    repo: str = EVALKIT
    packages: str = ""
    threads: int = 1
    time_limit: float = 600
    crf: int = CRF

    @classmethod
    def read(cls, manifest: str | Path, threads: int, time_limit: float, crf: int = CRF) -> "Kit":
        """As the rules evalkit_source and evalkit_python left it. InputError if it was changed since."""
        kit = cls(**read_json(manifest), threads=threads, time_limit=time_limit, crf=crf)
        check_source(Path(kit.folder), kit.source)
        if versions_of(kit.python, kit.about) != {"opencv": kit.opencv, "packages": kit.packages}:
            raise InputError(
                f"{kit.python} has another OpenCV or package than {manifest} says; delete that and run again"
            )
        return kit

    @property
    def about(self) -> About:
        return KITS[self.repo]

    def evaluate(self, case: Case, video: np.ndarray | None, run: str = "model") -> dict[str, Any]:
        """MODES and DIMENSIONS of a video (T, H, W, 3) uint8 of a case; None: of its true clip, as the file is.

        Those of a puzzle with an official counterpart are enlarged first, and all that they are held against too.
        InputError that names the case and the run if there is no such score.
        """
        named, about = f"{case.task}/{case.name}", self.about
        if case.task not in about.evaluators:
            raise InputError(f"case {named}: {about.name} has no evaluator for {case.task}; take another")
        check_files(self.repo, case.folder, named)
        with tempfile.TemporaryDirectory(prefix="evalkit-") as folder:
            truth = case.folder.absolute()
            if video is not None and case.given:  # the kit's thresholds are for the size of the case's own files
                video = resized(video, *case.given, Image.Resampling.LANCZOS)
            if case.task in COUNTERPARTS:
                truth = _enlarged_truth(case, Path(folder, "truth"))
                video = None if video is None else enlarged(video)
            asked = {
                "folder": str(Path(self.folder).absolute()),
                "package": package_of(Path(self.folder)),
                "needs": about.needs,
                "metadata": METADATA in about.files,
                "threads": self.threads,
                "task": about.evaluators[case.task],
                "truth": str(truth),
                "video": str(truth / GROUND_TRUTH),
                "frames": None if video is None else min(len(video), about.most_frames),
                "prompt": case.prompt,
            }
            if video is not None:
                asked["video"] = str(Path(folder, "video.mp4"))
                # the kit looks up each frame by its number
                write_mp4(asked["video"], video, to_seek=True, crf=self.crf)
            return self._ask(asked, f"case {named}, run {run}")

    def _ask(self, asked: dict[str, Any], name: str) -> dict[str, Any]:
        try:
            found = ask(self.python, asked, self.time_limit)
        except subprocess.TimeoutExpired as error:
            raise InputError(
                f"{name}: {self.about.name} gave no score within {self.time_limit:g} s; raise evalkit.time_limit"
            ) from error
        except InputError as error:
            raise InputError(
                f"{name}: {self.about.name} gave no score ({error}); restore the case, or leave it out"
            ) from error
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
    kit = Kit.read(manifest, threads, settings["time_limit"], settings["crf"])
    return lambda case, video: kit.evaluate(case, video)[settings["mode"]]


# ---- the table


def runs(kit: Kit, case: Case, videos: Iterable[tuple[int, np.ndarray]], at_once: int = 1) -> list[dict[str, Any]]:
    """A row for each video of the model, by its seed, and for what they are read against: the true clip
    (run ground_truth) and the first frame repeated (static). rule: the puzzle's own score of the same video.

    at_once: see `scoring.scored`. InputError with every failure, if there is one.
    """
    static = np.repeat(case.first_frame[None], case.frames, axis=0)
    wanted = chain(
        (("model", seed, video) for seed, video in videos), [("ground_truth", None, None), ("static", None, static)]
    )

    def row(given: tuple[str, int | None, np.ndarray | None]) -> dict[str, Any] | str:
        run, seed, video = given
        try:
            found = {"run": run, "seed": seed, **kit.evaluate(case, video, run)}
        except InputError as error:
            return str(error)
        if case.task in PUZZLES:
            found["rule"] = score(case, read_mp4(case.folder / GROUND_TRUTH) if video is None else video)
        return found

    rows = list(scored(row, wanted, at_once))
    failures = [found for found in rows if isinstance(found, str)]
    if failures:
        raise InputError("; ".join(failures))
    return rows


def described(task: str, kit: Kit) -> dict[str, Any]:
    """The columns that all rows of a task share. Split and category are those of the official task."""
    evaluator = kit.about.evaluators[task]
    official = TASKS[evaluator]
    named = {"task": task, "evaluator": evaluator, "split": official.split, "category": kit.about.category(official)}
    return {**named, **identity(kit)}


def identity(kit: Kit) -> dict[str, str]:
    """The facts of a kit that move scores."""
    return {name: getattr(kit, name) for name in IDENTITY}


def settings_of(kit: Kit) -> dict[str, Any]:
    """The same as the noun of its scores has them: without what EvalKit had no need to say. And how videos are written
    for it, if not as usual."""
    of_kit = {name: value for name, value in identity(kit).items() if value not in ("", EVALKIT)}
    return of_kit | ({} if kit.crf == CRF else {"crf": kit.crf})


def checked(table: pd.DataFrame, mode: str) -> pd.DataFrame:
    """The table with the scorer check of each row's task, by the score of a mode."""
    return table.assign(scorer_check=table.task.map({task: _check(rows, mode) for task, rows in table.groupby("task")}))


def _check(rows: pd.DataFrame, mode: str) -> str | None:
    return failing(references_of(rows, "run", "ground_truth", "static", mode))


def summary(table: pd.DataFrame, statistics: Mapping[str, Any], mode: str) -> pd.DataFrame:
    """Means of both scores over cases, with bootstrap intervals, of each run: over all, per split, per category of a
    split, and per task. "all" stands in the columns that a row is taken over. rule, the puzzles' own score of the same
    videos, is empty where not all cases are puzzles. scorer_check: of the tasks of a row, by the score of `mode`."""
    rows = []
    for keys in ([], ["split"], ["split", "category"], ["split", "category", "task"]):
        checks = {values: _check(group, mode) for values, group in table.groupby(["model", *keys])}
        for (model, run, *values), group in table.groupby(["model", "run", *keys], sort=False):
            row = dict.fromkeys(["model", "run", "split", "category", "task"], "all")
            row |= {"model": model, "run": run, **dict(zip(keys, values, strict=True)), **_means(group, statistics)}
            rows.append({**row, "scorer_check": checks[model, *values]})
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
