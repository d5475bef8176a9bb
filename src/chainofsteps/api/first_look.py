"""A first look in under a minute: two puzzles solved by the embedded model, as a grid and a video of its estimates."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..bench.video import beside, write_mp4
from ..config.panels import Panel
from ..errors import reported
from ..files import atomic_write
from .cases import puzzle, score
from .loading import load
from .model import Run

FOLDER = "figures/first_look"
SHOWN = (("loop_maze", 7), ("unique_maze", 1))  # puzzles, and the seed of the run; from seed 7 two routes are seen
STEPS, FRAMES = (0, 1, 2, 3, 5, 8, 19), (0, 4, 8, 12, 16)
LAST = 8  # frames that the end of each step's video stands still


def main(arguments: Sequence[str] | None = None) -> None:
    """Make both runs and draw them. `arguments` (None: of the command line) may name another folder."""
    parser = argparse.ArgumentParser(prog="chainofsteps first-look", description=__doc__)
    parser.add_argument("--folder", default=FOLDER, help=f"where grid.png and steps.mp4 go (default: {FOLDER})")
    folder = Path(parser.parse_args(arguments).folder)
    with reported():
        model = load("models/embedded")
        model.encode(*(cases := [puzzle(task) for task, _ in SHOWN]))  # the text encoder is loaded once
        runs = [model.run(case, seed) for case, (_, seed) in zip(cases, SHOWN, strict=True)]
        videos = [{step: run.video(step) for step in STEPS} for run in runs]
        _grid(folder / "grid.png", runs, videos)
        _animation(folder / "steps.mp4", videos)
        for run, video in zip(runs, videos, strict=True):
            print(
                f"{run.label}, seed {run.seed}: score {score(run.case, video[STEPS[-1]]):.2f} of 1, {run.steps} steps"
            )
        print(f"{folder}/grid.png: the estimate of the finished video, rows = steps, columns = frames")
        print(f"{folder}/steps.mp4: the same as videos, one step after the other ({', '.join(map(str, STEPS))})")


def _grid(path: Path, runs: Sequence[Run], videos: Sequence[dict[int, np.ndarray]]) -> None:
    from ..figures import grids, style  # matplotlib, which the first forwards need not wait for

    with style.styled():
        figure = style.plt.figure(figsize=(style.WIDTH, 4.6), layout="constrained")
        for part, run, video in zip(figure.subfigures(1, len(runs)), runs, videos, strict=True):
            panel = Panel("first look", "a", run.case.task, run.case.name, run.seed, STEPS, FRAMES)
            pictures = np.stack([video[step][list(FRAMES)] for step in STEPS])
            grids.grid(part, panel, pictures, [float(run.sigmas[step]) for step in STEPS])
        atomic_write(path, lambda partial: figure.savefig(partial, dpi=style.DPI, format="png"))


def _animation(path: Path, videos: Sequence[dict[int, np.ndarray]]) -> None:
    """Both videos of a step beside each other, and then those of the next."""
    of_steps = [beside([video[step] for video in videos]) for step in STEPS]
    held = [np.concatenate([clip, clip[-1:].repeat(LAST, 0)]) for clip in of_steps]
    write_mp4(path, np.concatenate(held))


if __name__ == "__main__":
    main()
