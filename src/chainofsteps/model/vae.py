"""From latents to pixels."""

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.video_processor import VideoProcessor


@torch.no_grad()
def decode(vae: AutoencoderKLWan, latents: torch.Tensor, batch_size: int = 1) -> np.ndarray:
    """uint8 (B, T, H, W, 3) of normalised latents (B, C, F, h, w), T = 4 (F - 1) + 1, as the stock pipeline.

    batch_size: videos decoded at once.
    """
    shape = (1, vae.config.z_dim, 1, 1, 1)
    mean = torch.tensor(vae.config.latents_mean, device=vae.device, dtype=vae.dtype).view(shape)
    # 1 / std and then division, not a product with std: the stock pipeline's rounding.
    inverse_std = 1.0 / torch.tensor(vae.config.latents_std, device=vae.device, dtype=vae.dtype).view(shape)
    videos = []
    for part in latents.split(batch_size):
        pixels = vae.decode(part.to(vae.device, vae.dtype) / inverse_std + mean, return_dict=False)[0]
        unit = VideoProcessor().postprocess_video(pixels, output_type="np")
        videos.append((unit * 255).round().astype(np.uint8))
    return np.concatenate(videos)
