"""From latents to pixels, and video files."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.video_processor import VideoProcessor

from .errors import InputError
from .files import atomic_write

# x264's quality for what is written: the puzzles' rule scores survive the round trip.
QUALITY = {"crf": "8", "preset": "medium"}


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


def write_mp4(path: str | Path, video: np.ndarray, fps: int = 16) -> None:
    """Write uint8 (T, H, W, 3), H and W even, as H.264, whole or not at all.

    Raises InputError if a side is odd or the place cannot be written.
    """
    _, height, width, _ = video.shape
    if height % 2 or width % 2:
        raise InputError(f"{path}: {height}x{width} pixels; H.264 needs even sides")

    def encode(partial: Path) -> None:
        with av.open(str(partial), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=Fraction(fps), options=QUALITY)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.thread_count = 1  # a fixed number: the same bytes on every machine
            for frame in video:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())

    atomic_write(path, encode)


def read_mp4(path: str | Path) -> np.ndarray:
    """uint8 (T, H, W, 3) of a video file. Raises InputError if it is missing or cannot be read."""
    try:
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (OSError, av.FFmpegError) as error:
        raise InputError(f"cannot read video {path}: {error}; restore the file") from error
    if not frames:
        raise InputError(f"video {path} has no frames; restore the file")
    return np.stack(frames)
