"""What a checkpoint can do: exact success on held-out puzzles, sampled by the stock diffusers pipeline.

The runs use nothing of our engine, so that the model's skill is measured apart from it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from ...bench import puzzles
from ...bench.puzzles.canvas import Puzzle
from ...bench.scoring import through_vae
from ...model.checkpoint import SUBFOLDERS
from ...model.lora import Adapter, fuse
from ...model.sampling import Sampling

if TYPE_CHECKING:
    from diffusers import WanImageToVideoPipeline

FIRST_SEED = 500_000
EMBEDDED = Sampling(steps=20, shift=3.0, max_sequence_length=24, device="cpu")  # one forward a step, no guidance


def load_pipeline(
    folder: Path | str, settings: Sampling = EMBEDDED, adapters: Mapping[str, Adapter] | None = None
) -> "WanImageToVideoPipeline":
    """The stock pipeline on its device, silent; adapters: what is added to the weights of an expert, by its name."""
    from diffusers import WanImageToVideoPipeline

    pipeline = WanImageToVideoPipeline.from_pretrained(folder, dtype=settings.torch_dtype, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    for expert, adapter in (adapters or {}).items():
        fuse(getattr(pipeline, SUBFOLDERS[expert]), adapter)
    for name, part in pipeline.components.items():
        if isinstance(part, torch.nn.Module):
            settings.placed(part) if name in SUBFOLDERS.values() else part.to(settings.torch_device)
    return pipeline


def sample(
    pipeline: "WanImageToVideoPipeline",
    puzzle: Puzzle,
    seed: int,
    settings: Sampling = EMBEDDED,
    frames: int | None = None,
) -> np.ndarray:
    """One video (frames, H, W, 3) uint8 from a puzzle's first frame and prompt, on the pipeline's own schedule; frames:
    None for as many as the puzzle's own video has."""
    height, width = puzzle.video.shape[1:3]
    video = pipeline(
        image=Image.fromarray(puzzle.video[0]),
        prompt=puzzle.prompt,
        height=height,
        width=width,
        num_frames=frames or len(puzzle.video),
        negative_prompt=settings.negative_prompt,
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance_scale,
        max_sequence_length=settings.max_sequence_length,
        generator=torch.Generator().manual_seed(seed),
    ).frames[0]
    return np.rint(video * 255).astype(np.uint8)


def held_out(name: str, index: int, drawn: Mapping[str, Any] | None = None) -> Puzzle:
    """Held-out puzzle number ``index``; drawn: in which size and number of frames, as `puzzles.draw` takes them."""
    return puzzles.draw(name, FIRST_SEED + index, held_out=True, **drawn or {})


def solve(pipeline: "WanImageToVideoPipeline", name: str, index: int, settings: Sampling = EMBEDDED) -> float:
    """Score in [0, 1] of one video of held-out puzzle number ``index``."""
    puzzle = held_out(name, index)
    return _solve(pipeline, name, puzzle, index, settings)


def _solve(pipeline: "WanImageToVideoPipeline", name: str, puzzle: Puzzle, seed: int, settings: Sampling) -> float:
    return _score(name, puzzle, sample(pipeline, puzzle, seed, settings))


def _score(name: str, puzzle: Puzzle, video: np.ndarray) -> float:
    return puzzles.puzzle(name).score(puzzles.on_board(name, video), puzzle.layout)


def measure(
    pipeline: "WanImageToVideoPipeline",
    name: str,
    indices: Iterable[int],
    settings: Sampling = EMBEDDED,
    drawn: Mapping[str, Any] | None = None,
) -> list[tuple]:
    """One row of COLUMNS per held-out case of a puzzle; drawn: see `held_out`."""
    rows = []
    for index in indices:
        puzzle = held_out(name, index, drawn)
        value = _solve(pipeline, name, puzzle, index, settings)
        static = _score(name, puzzle, np.repeat(puzzle.video[:1], len(puzzle.video), axis=0))
        truth = _score(name, puzzle, through_vae(pipeline.vae, puzzle.video))
        rows.append((name, index, value, value == 1.0, static, truth))
    return rows


def measure_alone(folder: Path, name: str, number: int) -> list[tuple]:
    """`measure` on the first cases of a puzzle, in one thread of a process of its own."""
    torch.set_num_threads(1)
    return measure(load_pipeline(folder), name, range(number))
