"""Final latents of perturbed runs, ready to be decoded and scored."""

from collections.abc import Mapping, Sequence

import torch

from ...model.conditioning import Conditioning, restore_first_frame
from .spec import Intervention


def finals(
    latents: Mapping[str, torch.Tensor], runs: Sequence[Intervention], given: Conditioning, restore: bool
) -> list[torch.Tensor]:
    """Final latents (1, C, F, h, w) of each run, ready to be decoded; `latents`: (C, F, h, w) by its name.

    restore: wherever latent frame 0 was noised, by noise at step too, the given first frame's is put back. The
    causal decoder would spread the noise over the whole video, for one scheme as for the other.
    """
    whole = [latents[run.name()][None] for run in runs]
    return [
        restore_first_frame(final, given) if restore and run.acts_on(0) else final
        for run, final in zip(runs, whole, strict=True)
    ]
