"""Frames and latent frames of a video, and the sizes of the embedded benchmark. No torch here."""

VAE_STRIDE = 4  # of Wan: frames per latent frame; the first frame has a latent frame of its own
PATCH = 2  # of Wan: latents a side of a token
EMBEDDED_FRAMES = 17  # of a puzzle made here
EMBEDDED_SIDE = 64  # pixels, likewise


def latent_frames_of(frames: int) -> int:
    """Latent frames of a video of 4k + 1 frames."""
    return (frames - 1) // VAE_STRIDE + 1


def frames_of(latent_frames: int) -> int:
    """Frames of the video that has so many latent frames."""
    return VAE_STRIDE * (latent_frames - 1) + 1
