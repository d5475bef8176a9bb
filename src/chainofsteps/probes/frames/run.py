"""The same cases in other frame counts.

A shorter run has the first frame, the prompt and the first latent frames of the noise of the case's own run, so that
nothing but the frame count differs. In fewer frames more happens between two of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...errors import InputError
from ...model.conditioning import Conditioning
from ...model.sizes import PATCH, frames_of, latent_frames_of


def shortened(conditioning: Conditioning, frames: int) -> Conditioning:
    """The conditioning of the first `frames` frames, 4k + 1, of a longer video.

    The VAE is causal: its latents of the first frame and a few grey frames are the first part of its latents of the
    first frame and more grey frames, bit for bit, so nothing is encoded again. Raises InputError if the video has fewer
    frames, or for another count than 4k + 1.
    """
    kept, own = latent_frames_of(frames), conditioning.latents_shape[2]
    if frames % 4 != 1 or kept > own:
        raise InputError(f"a video of {frames_of(own)} frames has no first {frames}; give 4k + 1, not above that")
    mask = conditioning.first_frame_mask
    return replace(
        conditioning,
        condition=conditioning.condition[:, :, :kept].clone(),
        first_frame_mask=None if mask is None else mask[:, :, :kept].clone(),
    )


def tokens_of(latents_shape: Sequence[int]) -> int:
    """Tokens in a forward of a single sample of latents (B, C, F, h, w)."""
    frames, height, width = latents_shape[2:]
    return frames * (height // PATCH) * (width // PATCH)


def tokens_by_count(shapes: Iterable[Sequence[int]]) -> dict[str, list[int]]:
    """Tokens per forward by frame count, as a manifest lists them: several where cases differ in size."""
    tokens: dict[int, set[int]] = {}
    for shape in shapes:
        tokens.setdefault(frames_of(shape[2]), set()).add(tokens_of(shape))
    return {str(count): sorted(tokens[count]) for count in sorted(tokens)}
