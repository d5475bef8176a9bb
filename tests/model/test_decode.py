import numpy as np
import tiny
import torch

from chainofsteps.model.load import load_vae
from chainofsteps.model.vae import decode
from chainofsteps.run.denoise import initial_latents


def test_pixels_of_normalised_latents(checkpoint):
    vae = load_vae(checkpoint)
    latents = torch.cat([initial_latents(tiny.LATENTS_SHAPE, "00000", seed) for seed in range(3)])
    video = decode(vae, latents)
    assert video.shape == (3, 17, 64, 64, 3) and video.dtype == np.uint8
    mean, std = (torch.tensor(v).view(1, 16, 1, 1, 1) for v in (vae.config.latents_mean, vae.config.latents_std))
    with torch.no_grad():
        unit = vae.decode(latents * std + mean).sample / 2 + 0.5
    expected = (unit.clamp(0, 1) * 255).permute(0, 2, 3, 4, 1).numpy()
    assert np.abs(video - expected).max() < 0.501  # rounded, not cut
    together = decode(vae, latents, batch_size=2)
    assert np.abs(together.astype(int) - video).max() <= 1
