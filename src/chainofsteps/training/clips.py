"""Clips to train the VAE on: pixels of whole clips, from layouts that are not held out."""

from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from .mixture import VAE_TURNS, Bucket, training_puzzle

CHUNK = 100


def _chunk(bucket: Bucket, start: int, stop: int, seed: int) -> np.ndarray:
    return np.stack([training_puzzle(bucket, i, seed, VAE_TURNS).video for i in range(start, stop)])


def write_clips(path: Path, bucket: Bucket, number: int, seed: int, processes: int) -> None:
    """A pool of clips (number, frames, side, side, 3) uint8 of one bucket on disk, for the VAE."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    shape = (number, bucket.frames, bucket.side, bucket.side, 3)
    pool = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
    starts = range(0, number, CHUNK)
    with ProcessPoolExecutor(processes) as executor:
        chunks = executor.map(
            _chunk, repeat(bucket), starts, [min(s + CHUNK, number) for s in starts], [seed] * len(starts)
        )
        for start, chunk in zip(starts, tqdm(chunks, bucket.name, total=len(starts), mininterval=10), strict=True):
            pool[start : start + len(chunk)] = chunk
    pool.flush()
    partial.replace(path)


def to_tensor(video: np.ndarray) -> torch.Tensor:
    """uint8 (..., T, H, W, 3) -> float32 (..., 3, T, H, W) in [-1, 1], as the stock video processor scales images."""
    return torch.from_numpy(np.ascontiguousarray(video)).movedim(-1, -4).float() / 127.5 - 1
