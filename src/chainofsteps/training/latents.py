"""What the transformer trains on: latents of clips, the latents of their first frames as condition, and token ids.

The condition is what the stock pipeline makes: the first frame followed by grey (zero) frames, through the VAE.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from tqdm import tqdm

from .clips import to_tensor, training_puzzle
from .text import build_tokenizer, token_ids
from .vae import ClipAutoencoder

BATCH = 16
SHAPE = (16, 5, 8, 8)
FILES = {"latents": (np.float16, SHAPE), "condition": (np.float16, SHAPE), "ids": (np.int16, (24,))}


def open_pool(work: Path, number: int | None = None) -> dict[str, np.ndarray]:
    """The three arrays of the pool; with ``number`` they are made, else opened for reading."""
    folder = work / "latents"
    folder.mkdir(exist_ok=True)
    if number is None:
        return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in FILES}
    return {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, (number, *shape))
        for name, (dtype, shape) in FILES.items()
    }


@torch.inference_mode()
def write_latents(rank: int, world: int, work: Path, number: int, seed: int) -> None:
    """Encode ``number`` fresh training clips; each process writes its share into arrays made before."""
    folder = work / "latents"
    pool = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in FILES}
    vae = AutoencoderKLWan.from_pretrained(work / "vae").eval()
    encoder, tokenizer = ClipAutoencoder(vae), build_tokenizer()
    mean, std = (torch.tensor(vae.config[key]).view(1, -1, 1, 1, 1) for key in ("latents_mean", "latents_std"))
    starts = range(rank * BATCH, number, world * BATCH)
    for start in tqdm(starts, "latents", disable=rank > 0, mininterval=10):
        rows = slice(start, min(start + BATCH, number))
        puzzles = [training_puzzle(index, seed + 1) for index in range(rows.start, rows.stop)]
        clip = to_tensor(np.stack([puzzle.video for puzzle in puzzles]))
        grey = torch.cat([clip[:, :, :1], torch.zeros_like(clip[:, :, 1:])], 2)
        for name, pixels in (("latents", clip), ("condition", grey)):
            pool[name][rows] = ((encoder.encode(pixels)[0] - mean) / std).half().numpy()
        pool["ids"][rows] = token_ids(tokenizer, [puzzle.prompt for puzzle in puzzles]).numpy()
    for array in pool.values():
        array.flush()
