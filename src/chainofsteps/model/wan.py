"""Embed, walk and head of a diffusers Wan transformer: the only file that knows the model's inside.

`head(model, walk(model, embed(model, ...)))` is `model(...)` bit for bit, and a walk can stop after any layer
and go on from there bit for bit. Forward hooks do not survive compiled blocks, so taps and edits stand here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import torch

from ..errors import InputError
from .checkpoint import IMAGE_TEXT_TOKENS

if TYPE_CHECKING:
    from diffusers import WanTransformer3DModel

LayerTap = Callable[[int, torch.Tensor], None]
LayerEdit = Callable[[int, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Stream:
    """What flows between blocks. B items, n = prod(grid) tokens, width d.

    hidden_states (B, n, d); temb (B, d) and timestep_proj (B, 6, d), or (B, n, d) and (B, n, 6, d) with
    per-token timesteps; encoder_hidden_states (B, text tokens, d); rotary_emb (cos, sin); grid (F, H, W).
    """

    hidden_states: torch.Tensor
    temb: torch.Tensor
    timestep_proj: torch.Tensor
    encoder_hidden_states: torch.Tensor
    rotary_emb: tuple[torch.Tensor, torch.Tensor]
    grid: tuple[int, int, int]


class Forwards:
    """Counts what ran, in whole forwards of one sample: samples x blocks / all blocks of the model."""

    def __init__(self) -> None:
        self._exact = Fraction(0)

    def add(self, batch: int, blocks: int, of_layers: int) -> None:
        """`batch` samples went through `blocks` blocks of a model of `of_layers` layers."""
        self._exact += Fraction(batch * blocks, of_layers)

    @property
    def total(self) -> float:
        return float(self._exact)


def depth(model: "WanTransformer3DModel") -> int:
    """Number of layers."""
    return len(model.blocks)


def embed(
    model: "WanTransformer3DModel",
    latents_in: torch.Tensor,
    timestep: torch.Tensor,
    prompt_embeds: torch.Tensor,
    image_embeds: torch.Tensor | None = None,
) -> Stream:
    """Tokens and conditions, ready for the first block.

    latents_in (B, in_channels, F, h, w); timestep (B,) or per token (B, n); prompt_embeds (B, text tokens,
    text_dim); image_embeds (B, image tokens, image_dim) for models that take them. Raises InputError if the
    model wants image_embeds and has none, or the other way round, or cannot tell the text from them.
    """
    if (image_embeds is None) != (model.config.image_dim is None):
        wanted = "does not take" if model.config.image_dim is None else "needs"
        raise InputError(f"the model {wanted} image_embeds; encode the case again with its own checkpoint")
    if image_embeds is not None and prompt_embeds.shape[1] != IMAGE_TEXT_TOKENS:
        raise InputError(
            f"beside image_embeds the model takes {IMAGE_TEXT_TOKENS} text tokens, not {prompt_embeds.shape[1]}; "
            f"set max_sequence_length to {IMAGE_TEXT_TOKENS}"
        )
    grid = tuple(size // patch for size, patch in zip(latents_in.shape[2:], model.config.patch_size, strict=True))
    rotary_emb = model.rope(latents_in)
    hidden_states = model.patch_embedding(latents_in).flatten(2).transpose(1, 2).contiguous()
    per_token = timestep.shape[1] if timestep.ndim == 2 else None
    temb, timestep_proj, text, image = model.condition_embedder(
        timestep.flatten(), prompt_embeds, image_embeds, timestep_seq_len=per_token
    )
    if image is not None:
        text = torch.cat([image, text], dim=1)
    return Stream(hidden_states, temb, timestep_proj.unflatten(-1, (6, -1)), text, rotary_emb, grid)


def walk(
    model: "WanTransformer3DModel",
    stream: Stream,
    start: int = 0,
    stop: int | None = None,
    tap: LayerTap | None = None,
    edit: LayerEdit | None = None,
    counter: Forwards | None = None,
) -> Stream:
    """Run blocks start..stop-1 (stop None: to the end). After each, `edit(layer, hidden_states)` may replace
    the hidden states and `tap(layer, hidden_states)` reads what goes on.

    Raises InputError if start or stop is outside the model.
    """
    layers = depth(model)
    stop = layers if stop is None else stop
    if not 0 <= start <= stop <= layers:
        raise InputError(f"layers {start} to {stop} are out of range: the model has {layers} layers, 0 to {layers - 1}")
    hidden_states = stream.hidden_states
    if counter is not None:
        counter.add(hidden_states.shape[0], stop - start, layers)
    for layer in range(start, stop):
        # Called exactly as the stock forward calls it: one compiled graph serves both.
        hidden_states = model.blocks[layer](
            hidden_states, stream.encoder_hidden_states, stream.timestep_proj, stream.rotary_emb
        )
        if edit is not None:
            hidden_states = edit(layer, hidden_states)
        if tap is not None:
            tap(layer, hidden_states)
    return replace(stream, hidden_states=hidden_states)


def head(model: "WanTransformer3DModel", stream: Stream) -> torch.Tensor:
    """Velocity (B, out_channels, F, h, w) from the hidden states after the last block."""
    # (2, d) table + (B, d) or (B, n, d) time embedding, split into shift and scale of the output norm.
    modulation = model.scale_shift_table.to(stream.temb.device) + stream.temb.unsqueeze(-2)
    shift, scale = (part.to(stream.hidden_states.device) for part in modulation.unbind(-2))
    if stream.temb.ndim == 2:
        shift, scale = shift.unsqueeze(1), scale.unsqueeze(1)
    hidden_states = stream.hidden_states
    normed = (model.norm_out(hidden_states.float()) * (1 + scale) + shift).type_as(hidden_states)
    patches = model.proj_out(normed)
    patches = patches.reshape(patches.shape[0], *stream.grid, *model.config.patch_size, -1)
    # (B, F, H, W, p_t, p_h, p_w, C) -> (B, C, F p_t, H p_h, W p_w)
    return patches.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)
