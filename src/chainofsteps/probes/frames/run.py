"""The same cases in other frame counts.

A shorter run has the first frame, the prompt and the first latent frames of the noise of the case's own run, so that
nothing but the count differs. A story told in fewer frames has more happening between two of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...errors import InputError
from ...model.conditioning import PATCH, Conditioning
from ...model.sizes import frames_of, latent_frames_of


def shortened(given: Conditioning, frames: int) -> Conditioning:
    """The conditioning of the first `frames` frames, 4k + 1, of a longer video.

    The VAE is causal: what it makes of the first frame and some grey ones is the first part of what it makes of the
    first frame and more of them, to the bit, so nothing is encoded again. Raises InputError if there are not so many.
    """
    kept, own = latent_frames_of(frames), given.latents_shape[2]
    if frames % 4 != 1 or kept > own:
        raise InputError(f"a video of {frames_of(own)} frames has no first {frames}; give 4k + 1, not above that")
    mask = given.first_frame_mask
    return replace(
        given,
        condition=given.condition[:, :, :kept].clone(),
        first_frame_mask=None if mask is None else mask[:, :, :kept].clone(),
    )


def tokens_of(latents_shape: Sequence[int]) -> int:
    """Tokens in one forward of latents (B, C, F, h, w), of which it takes one sample."""
    frames, height, width = latents_shape[2:]
    return frames * (height // PATCH) * (width // PATCH)


def tokens_by_count(shapes: Iterable[Sequence[int]]) -> dict[str, list[int]]:
    """Tokens per forward by frame count, as a manifest lists them: one number, or more where cases differ in size."""
    found: dict[int, set[int]] = {}
    for shape in shapes:
        found.setdefault(frames_of(shape[2]), set()).add(tokens_of(shape))
    return {str(count): sorted(found[count]) for count in sorted(found)}
