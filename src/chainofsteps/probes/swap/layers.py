"""Latent swap (Fig. 6b): a layer of the source's forward put in place of the target's, one layer at a time.

Source and target walk the blocks in lockstep, so that at each layer both representations are at hand and nothing is
stored; each swapped stream goes on alone through the layers that are left. For L layers and m modes a step costs
2 + m (L - 1) / 2 forwards, and no more memory than three streams.

Swapping a whole block output (`full`) is degenerate where both have the same text and timestep: the image and the noise
enter at the first layer only, so everything after the swap is the source's, whatever the layer. A curve over layers
then needs the block's own update (`residual`) or a part of the tokens (`tokens`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...errors import InputError
from ...model import wan
from ...model.wan import Forwards, Stream
from .spec import MODES, Swap

__all__ = ["MODES", "Swap", "swap", "swapped_hidden_states", "token_mask"]

OnWalked = Callable[[int, Stream, Stream], None]


def token_mask(
    grid: tuple[int, int, int], frames: Sequence[int] | str = "all", rows: Sequence[int] | str = "all"
) -> Tensor:
    """Which tokens mode `tokens` swaps: bool (n,) of a grid (F, H, W); latent frames and rows of tokens.

    Raises InputError for a latent frame or row that is not there, or if no token is left.
    """
    asked = []
    for word, wanted, count in (("latent frame", frames, grid[0]), ("token row", rows, grid[1])):
        asked.append(list(range(count)) if wanted == "all" else list(wanted))
        for index in asked[-1]:
            if not 0 <= index < count:
                raise InputError(f"swap: {word} {index} is out of range; there are 0 to {count - 1}")
    mask = torch.zeros(grid, dtype=torch.bool)
    for frame in asked[0]:
        mask[frame, asked[1]] = True
    if not mask.any():
        raise InputError(f"swap: no token of the grid {grid} is in the part to be swapped")
    return mask.flatten()


def swapped_hidden_states(
    mode: str, source: tuple[Tensor, Tensor], target: tuple[Tensor, Tensor], mask: Tensor
) -> Tensor:
    """Hidden states (B, n, d) that go on after the swap; source and target: before and after the block."""
    if mode == "full":
        return source[1]
    if mode == "tokens":
        return torch.where(mask.to(target[1].device)[None, :, None], source[1], target[1])
    return target[0] + (source[1] - source[0])


def swap(
    model: torch.nn.Module,
    source: Stream,
    target: Stream,
    swaps: Sequence[Swap],
    mask: Tensor,
    counter: Forwards | None = None,
    on_walked: OnWalked | None = None,
) -> Iterator[tuple[Swap, Tensor]]:
    """Each swap with its velocity (B, C, F, h, w), in the order of layers: the target's run with the source's layer.

    source and target: embedded, with the same grid, batch and timestep. mask (n,): the tokens of mode `tokens`.
    on_walked: sees each layer with the streams of source and target after it. Raises InputError if a layer is outside
    the model, or the grids differ.
    """
    layers = wan.depth(model)
    outside = [one.layer for one in swaps if one.layer >= layers]
    if outside:
        raise InputError(f"swap: layer {outside[0]} is out of range; the model has layers 0 to {layers - 1}")
    if source.hidden_states.shape != target.hidden_states.shape:
        raise InputError(f"swap: source and target differ in size, {source.grid} and {target.grid} tokens")
    by_layer = {layer: [one for one in swaps if one.layer == layer] for layer in range(layers)}
    for layer in range(max((one.layer for one in swaps), default=-1) + 1):
        walked = [wan.walk(model, stream, layer, layer + 1, counter=counter) for stream in (source, target)]
        pairs = [
            (before.hidden_states, after.hidden_states) for before, after in zip((source, target), walked, strict=True)
        ]
        source, target = walked
        if on_walked is not None:
            on_walked(layer, source, target)
        for one in by_layer[layer]:
            edited = replace(target, hidden_states=swapped_hidden_states(one.mode, *pairs, mask))
            rest = wan.walk(model, edited, layer + 1, counter=counter)
            yield one, wan.head(model, rest)
