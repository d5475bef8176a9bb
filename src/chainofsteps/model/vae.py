"""From latents to pixels and back, by the VAE of any known family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from .family import family_of

if TYPE_CHECKING:
    from diffusers import ModelMixin


@torch.no_grad()
def decode(vae: ModelMixin, latents: torch.Tensor, batch_size: int = 1) -> np.ndarray:
    """uint8 (B, T, H, W, 3) of normalised latents (B, C, F, h, w), T = k (F - 1) + 1, as the stock pipeline; k frames
    per latent frame.

    batch_size: videos decoded at once.
    """
    from diffusers.video_processor import VideoProcessor

    videos = []
    for part in latents.split(batch_size):
        pixels = family_of(vae).decode(vae, part.to(vae.device, vae.dtype))
        unit = VideoProcessor().postprocess_video(pixels, output_type="np")
        videos.append((unit * 255).round().astype(np.uint8))
    return np.concatenate(videos)


@torch.no_grad()
def encode(vae: ModelMixin, video: np.ndarray) -> torch.Tensor:
    """Normalised latents (1, C, F, h, w) of a video uint8 (T, H, W, 3), T = k (F - 1) + 1: the posterior's mode."""
    pixels = torch.from_numpy(video).permute(3, 0, 1, 2)[None].to(vae.device, vae.dtype) / 127.5 - 1
    return family_of(vae).encode(vae, pixels)
