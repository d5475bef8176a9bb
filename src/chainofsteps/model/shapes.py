"""Shapes of tensors, named once for signatures; nothing checks them while the code runs.

B items, C channels, F latent frames of h x w latents, n tokens of width d, S steps.
"""

from jaxtyping import Bool, Float
from torch import Tensor

Latents = Float[Tensor, "B C F h w"]
Video = Float[Tensor, "C F h w"]  # the latents of a single item
Sigmas = Float[Tensor, "S+1"]
HiddenStates = Float[Tensor, "B n d"]
TokenMask = Bool[Tensor, " n"]
