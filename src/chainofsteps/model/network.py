"""Embed, walk and head of any known transformer: the engine reaches a model's inside through these alone.

`head(model, walk(model, embed(model, ...)))` is `model(...)` bit for bit, and a walk can stop after any layer
and go on from there bit for bit. Forward hooks do not survive compiled blocks, so taps and edits stand here.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ..errors import InputError
from .family import family_of

if TYPE_CHECKING:
    import torch

    from .stream import LayerEdit, LayerTap, Stream


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


def depth(model: torch.nn.Module) -> int:
    """Number of layers."""
    return len(family_of(model).blocks(model))


def embed(
    model: torch.nn.Module,
    latents_in: torch.Tensor,
    timestep: torch.Tensor,
    prompt_embeds: torch.Tensor,
    **conditions: torch.Tensor,
) -> Stream:
    """Tokens and conditions, ready for the first block.

    latents_in (B, in_channels, F, h, w); timestep (B,) or per token (B, n); prompt_embeds (B, text tokens, text_dim);
    conditions: what else the family's `embed` takes. Raises InputError if the model wants other conditions.
    """
    return family_of(model).embed(model, latents_in, timestep, prompt_embeds, **conditions)


def walk(
    model: torch.nn.Module,
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
    family, layers = family_of(model), depth(model)
    stop = layers if stop is None else stop
    if not 0 <= start <= stop <= layers:
        raise InputError(f"layers {start} to {stop} are out of range: the model has {layers} layers, 0 to {layers - 1}")
    if counter is not None:
        counter.add(stream.hidden_states.shape[0], stop - start, layers)
    blocks, hidden_states = family.blocks(model), stream.hidden_states
    for layer in range(start, stop):
        hidden_states = family.run_block(blocks[layer], hidden_states, stream)
        if edit is not None:
            hidden_states = edit(layer, hidden_states)
        if tap is not None:
            tap(layer, hidden_states)
    return replace(stream, hidden_states=hidden_states)


def head(model: torch.nn.Module, stream: Stream) -> torch.Tensor:
    """Velocity (B, out_channels, F, h, w) from the hidden states after the last block."""
    return family_of(model).head(model, stream)
