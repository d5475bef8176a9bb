"""Token activations (Fig. 6a, A13): L2 norms of hidden states on the token grid, of stored latents.

No step is taken: the latents before each step are in the trajectory, and a forward of them is walked up to the last
tapped layer.
"""

import torch
from torch import Tensor

from ...model import network
from ...model.shapes import Latents
from ...run.denoise import GuidedVelocity
from ...run.taps import Tap


@torch.no_grad()
def token_norms(velocity: GuidedVelocity, latents: Latents, step: int, tap: Tap) -> dict[str, Tensor]:
    """Token norms, float32 (tapped layers, n), of latents (1, C, F, h, w) before a step, by "step010-cond" for each
    branch of the tap.

    Blocks after the last tapped layer do not run. Raises InputError for a layer or step outside the model, and for the
    branch uncond of a model without guidance.
    """
    model = velocity.model_at(step)
    tap.check(network.depth(model), len(velocity.timesteps))
    for branch in tap.branches:
        stream, keep = velocity.stream(latents, step, branch), tap.at(step, branch)
        network.walk(model, stream, stop=tap.layers[-1] + 1, tap=keep, counter=velocity.counter)
    return {name: kept[0] for name, kept in tap.take().items()}
