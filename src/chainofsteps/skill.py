"""What a checkpoint can do: exact success on held-out cases, sampled by the stock diffusers pipeline.

Nothing of our engine is used here, so that the model's skill is measured apart from it.
"""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from diffusers import WanImageToVideoPipeline
from PIL import Image

from .. import puzzles
from ..puzzles import grounding
from ..puzzles.canvas import FRAMES, SIZE, Puzzle
from .clips import to_tensor
from .text import MAX_SEQUENCE_LENGTH

STEPS = 20
FIRST_SEED = 500_000
COLUMNS = ["puzzle", "case", "variant", "score", "success", "static", "ground_truth"]


def load_pipeline(folder: Path) -> WanImageToVideoPipeline:
    """The stock pipeline in float32 on the CPU, silent."""
    pipeline = WanImageToVideoPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def sample(pipeline: WanImageToVideoPipeline, puzzle: Puzzle, seed: int, steps: int = STEPS) -> np.ndarray:
    """One video (17, 64, 64, 3) uint8 from a puzzle's first frame and prompt, without guidance."""
    frames = pipeline(
        image=Image.fromarray(puzzle.video[0]),
        prompt=puzzle.prompt,
        height=SIZE,
        width=SIZE,
        num_frames=FRAMES,
        num_inference_steps=steps,
        guidance_scale=1.0,
        max_sequence_length=MAX_SEQUENCE_LENGTH,
        generator=torch.Generator().manual_seed(seed),
    ).frames[0]
    return np.rint(frames * 255).astype(np.uint8)


@torch.inference_mode()
def through_vae(pipeline: WanImageToVideoPipeline, video: np.ndarray) -> np.ndarray:
    """The true clip encoded and decoded: the best that any latents can look."""
    latents = pipeline.vae.encode(to_tensor(video)[None]).latent_dist.mode()
    decoded = pipeline.vae.decode(latents).sample[0].movedim(0, -1)
    return ((decoded + 1) * 127.5).round().to(torch.uint8).numpy()


def held_out(name: str, index: int) -> dict[str, Puzzle]:
    """Held-out puzzle number ``index``; for grounding also the same frame with another object asked for."""
    puzzle = puzzles.draw(name, FIRST_SEED + index, held_out=True)
    if name != "grounding":
        return {"asked": puzzle}
    return {"asked": puzzle, "another": grounding.make(puzzle.layout["objects"], target=1)}


def measure(pipeline: WanImageToVideoPipeline, name: str, indices: Iterable[int]) -> list[tuple]:
    """One row of COLUMNS per held-out case and variant of a puzzle."""
    score, rows = puzzles.puzzle(name).score, []
    for index in indices:
        for variant, puzzle in held_out(name, index).items():
            value = score(sample(pipeline, puzzle, seed=index), puzzle.layout)
            static = score(np.repeat(puzzle.video[:1], FRAMES, axis=0), puzzle.layout)
            truth = score(through_vae(pipeline, puzzle.video), puzzle.layout)
            rows.append((name, index, variant, value, value == 1.0, static, truth))
    return rows


def _measure_one(folder: Path, name: str, number: int) -> list[tuple]:
    torch.set_num_threads(1)
    return measure(load_pipeline(folder), name, range(number))


def skill(folder: Path, number: int, processes: int, names: Iterable[str] = tuple(puzzles.PUZZLES)) -> pd.DataFrame:
    """Rows of every puzzle, one process per puzzle at a time."""
    names = list(names)
    context = torch.multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as executor:
        parts = list(executor.map(_measure_one, [folder] * len(names), names, [number] * len(names)))
    return pd.DataFrame([row for part in parts for row in part], columns=COLUMNS)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Per puzzle and variant: number of cases, exact success, mean score, static first frame, truth through the VAE."""
    grouped = rows.groupby(["puzzle", "variant"])
    table = grouped.agg(
        n=("success", "size"),
        success=("success", "mean"),
        score=("score", "mean"),
        floor=("static", "mean"),
        ground_truth=("ground_truth", lambda values: (values == 1.0).mean()),
    )
    return table.round(4).reset_index()
