"""What the transformer trains on: latents of clips, the latents of their first frames as condition, and token ids.

The condition is what the stock pipeline makes: the first frame followed by grey (zero) frames, through the VAE. There
is one pool per bucket of the mixture, so that a batch has one shape.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from tqdm import tqdm

from .clips import to_tensor
from .mixture import BUCKETS, Bucket, training_puzzle
from .text import MAX_SEQUENCE_LENGTH, build_tokenizer, token_ids
from .vae import ClipAutoencoder

BATCH = 16


def pool_files(bucket: Bucket) -> dict[str, tuple[type, tuple[int, ...]]]:
    """Type and shape of one clip's row in each array of a bucket's pool."""
    return {
        "latents": (np.float16, bucket.latent_shape),
        "condition": (np.float16, bucket.latent_shape),
        "ids": (np.int16, (MAX_SEQUENCE_LENGTH,)),
    }


def pool_size(bucket: Bucket, number: int) -> int:
    """A bucket's part of ``number`` clips, in whole batches: as much of it as of the clips that training draws."""
    part = bucket.share * bucket.batch / sum(other.share * other.batch for other in BUCKETS)
    return max(1, round(number * part / BATCH)) * BATCH


def open_pool(work: Path, bucket: Bucket, mode: str = "r", number: int | None = None) -> dict[str, np.ndarray]:
    """The three arrays of a bucket's pool; mode "w+" makes them for a pool of ``number`` clips in all."""
    folder = work / "latents" / bucket.name
    if mode != "w+":
        return {name: np.load(folder / f"{name}.npy", mmap_mode=mode) for name in pool_files(bucket)}
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode, dtype, (pool_size(bucket, number), *shape))
        for name, (dtype, shape) in pool_files(bucket).items()
    }


@torch.inference_mode()
def write_latents(rank: int, world: int, work: Path, number: int, seed: int) -> None:
    """Encode ``number`` fresh training clips; each process writes its share into arrays made before."""
    vae = AutoencoderKLWan.from_pretrained(work / "vae").eval()
    encoder, tokenizer = ClipAutoencoder(vae), build_tokenizer()
    mean, std = (torch.tensor(vae.config[key]).view(1, -1, 1, 1, 1) for key in ("latents_mean", "latents_std"))
    for bucket in BUCKETS:
        pool = open_pool(work, bucket, "r+")
        starts = range(rank * BATCH, pool_size(bucket, number), world * BATCH)
        for start in tqdm(starts, f"latents {bucket.name}", disable=rank > 0, mininterval=10):
            rows = slice(start, start + BATCH)
            puzzles = [training_puzzle(bucket, index, seed + 1) for index in range(rows.start, rows.stop)]
            clip = to_tensor(np.stack([puzzle.video for puzzle in puzzles]))
            grey = torch.cat([clip[:, :, :1], torch.zeros_like(clip[:, :, 1:])], 2)
            for name, pixels in (("latents", clip), ("condition", grey)):
                with torch.autocast("cpu", torch.bfloat16):  # off by 0.006 of a standard deviation, 1.6x as fast
                    encoded = encoder.encode(pixels)[0].float()
                pool[name][rows] = ((encoded - mean) / std).half().numpy()
            pool["ids"][rows] = token_ids(tokenizer, [puzzle.prompt for puzzle in puzzles]).numpy()
        for array in pool.values():
            array.flush()
