"""Token activations (Fig. 6a, A13): L2 norms of hidden states on the token grid."""

import torch

from ...model import wan
from ...run.denoise import GuidedVelocity
from ...run.taps import Tap


@torch.no_grad()
def token_norms(velocity: GuidedVelocity, latents: torch.Tensor, step: int, tap: Tap) -> dict[str, torch.Tensor]:
    """Float32 (tapped layers, n) of latents (1, C, F, h, w) before a step, by "step010-cond", for the tap's branches.

    No block after the last tapped one is run. Raises InputError for a layer or step that is not there, and for the
    branch uncond of a model without guidance.
    """
    model = velocity.model_at(step)
    tap.check(wan.depth(model), len(velocity.timesteps))
    for branch in tap.branches:
        stream, keep = velocity.stream(latents, step, branch), tap.at(step, branch)
        wan.walk(model, stream, stop=tap.layers[-1] + 1, tap=keep, counter=velocity.counter)
    return {name: kept[0] for name, kept in tap.take().items()}
