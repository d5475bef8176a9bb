"""Clips to train on: every puzzle in equal shares, from layouts that are not held out."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from .. import puzzles
from ..puzzles.canvas import FRAMES, SIZE, Puzzle

CHUNK = 100


def training_puzzle(index: int, seed: int) -> Puzzle:
    """Training clip number ``index``: puzzles take turns; never a held-out layout."""
    names = list(puzzles.PUZZLES)
    return puzzles.draw(names[index % len(names)], seed * 10_000_000 + index, held_out=False)


def _chunk(start: int, stop: int, seed: int) -> np.ndarray:
    return np.stack([training_puzzle(i, seed).video for i in range(start, stop)])


def write_clips(path: Path, number: int, seed: int, processes: int) -> None:
    """A pool of clips (number, 17, 64, 64, 3) uint8 on disk, for the VAE."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    pool = np.lib.format.open_memmap(partial, "w+", np.uint8, (number, FRAMES, SIZE, SIZE, 3))
    starts = range(0, number, CHUNK)
    with ProcessPoolExecutor(processes) as executor:
        chunks = executor.map(_chunk, starts, [min(s + CHUNK, number) for s in starts], [seed] * len(starts))
        for start, chunk in zip(starts, tqdm(chunks, "clips", total=len(starts), mininterval=10), strict=True):
            pool[start : start + len(chunk)] = chunk
    pool.flush()
    partial.replace(path)


def to_tensor(video: np.ndarray) -> torch.Tensor:
    """uint8 (..., T, H, W, 3) -> float32 (..., 3, T, H, W) in [-1, 1], as the stock video processor scales images."""
    return torch.from_numpy(np.ascontiguousarray(video)).movedim(-1, -4).float() / 127.5 - 1
