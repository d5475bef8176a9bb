"""Hidden states of stored latents at every depth, in a size that can be kept: some tokens, some directions."""

import torch
from torch import Tensor

from ...model import network
from ...model.shapes import Latents
from ...run.denoise import GuidedVelocity

PROJECTION_SEED = 0


def kept_tokens(count: int, most: int) -> Tensor:
    """Indices of the tokens that are kept out of `count`, evenly spread, `most` at the most."""
    return torch.arange(count) if count <= most else (torch.arange(most) * count) // most


def projection(width: int, most: int) -> Tensor | None:
    """A fixed random map (width, most) to fewer directions, which keeps inner products on average; None if the hidden
    states are no wider than that."""
    if width <= most:
        return None
    return torch.randn(width, most, generator=torch.Generator().manual_seed(PROJECTION_SEED)) / most**0.5


@torch.no_grad()
def depth_states(velocity: GuidedVelocity, latents: Latents, step: int, tokens: int, width: int) -> Tensor:
    """Hidden states float16 (L + 1, n, d), before the first layer and after each, of latents (1, C, F, h, w) before a
    step, branch cond. Each token is centred and scaled over its channels (a layer norm without weights).

    n, d: the model's own or, where these are more, `tokens` and `width`. Source: the tuned lens (Belrose et al. 2023)
    reads after a layer norm as well.
    """
    model, states = velocity.model_at(step), []
    stream = velocity.stream(latents, step, "cond")
    device, (_, count, channels) = stream.hidden_states.device, stream.hidden_states.shape
    kept, onto = kept_tokens(count, tokens).to(device), projection(channels, width)
    onto = None if onto is None else onto.to(device)

    def keep(_layer: int, hidden_states: Tensor) -> None:
        normed = torch.nn.functional.layer_norm(hidden_states[0, kept].float(), hidden_states.shape[-1:])
        states.append((normed if onto is None else normed @ onto).half())

    keep(-1, stream.hidden_states)
    network.walk(model, stream, tap=keep, counter=velocity.counter)
    return torch.stack(states).cpu()  # a single wait for the device
