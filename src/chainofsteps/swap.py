"""Latent swap (Fig. 6b): a layer of the source's forward put in place of the target's, one layer at a time.

Source and target walk the blocks in lockstep, so that at each layer both representations are at hand and nothing is
stored; each swapped stream goes on alone through the layers that are left. For L layers and m modes a step costs
2 + m (L - 1) / 2 forwards, and no more memory than three streams.

Swapping a whole block output (`full`) is degenerate where both have the same text and timestep: the image and the noise
enter at the first layer only, so everything after the swap is the source's, whatever the layer. A curve over layers
then needs the block's own update (`residual`) or a part of the tokens (`tokens`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from . import transformer
from .errors import InputError
from .transformer import Forwards, Stream

MODES = ("residual", "tokens", "full")


@dataclass(frozen=True)
class Swap:
    """One swap: at which layer, and what of it.

    mode: residual puts the update of the source's block on the target's input of that block; tokens replaces some
    tokens of the block's output; full replaces all of it.
    """

    layer: int
    mode: str = "residual"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError(f"swap: mode must be one of {', '.join(MODES)}; not {self.mode!r}")
        if isinstance(self.layer, bool) or not isinstance(self.layer, int) or self.layer < 0:
            raise InputError(f"swap: layer must be a whole number from 0 up, not {self.layer!r}")

    def name(self) -> str:
        """A slug for file names and tensor keys."""
        return f"swap_l{self.layer}_{self.mode}"

    def row(self) -> dict:
        """The columns that describe this run in a table."""
        return {"run": "swap", "layer": self.layer, "mode": self.mode}


def token_mask(grid: tuple[int, int, int], frames: Sequence[int] | None = None, rows: slice = slice(None)) -> Tensor:
    """Which tokens mode `tokens` swaps: bool (n,) of a grid (F, H, W); latent frames (None: all) and token rows.

    Raises InputError for a latent frame that is not there, or if no token is left.
    """
    mask = torch.zeros(grid, dtype=torch.bool)
    for frame in range(grid[0]) if frames is None else frames:
        if not 0 <= frame < grid[0]:
            raise InputError(f"swap: latent frame {frame} is out of range; there are 0 to {grid[0] - 1}")
        mask[frame, rows] = True
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
) -> Iterator[tuple[Swap, Tensor]]:
    """Each swap with its velocity (B, C, F, h, w), in the order of layers: the target's run with the source's layer.

    source and target: embedded, with the same grid, batch and timestep. mask (n,): the tokens of mode `tokens`. Raises
    InputError if a layer is outside the model, or the grids differ.
    """
    layers = transformer.depth(model)
    outside = [one.layer for one in swaps if one.layer >= layers]
    if outside:
        raise InputError(f"swap: layer {outside[0]} is out of range; the model has layers 0 to {layers - 1}")
    if source.hidden_states.shape != target.hidden_states.shape:
        raise InputError(f"swap: source and target differ in size, {source.grid} and {target.grid} tokens")
    by_layer = {layer: [one for one in swaps if one.layer == layer] for layer in range(layers)}
    for layer in range(max((one.layer for one in swaps), default=-1) + 1):
        walked = [transformer.walk(model, stream, layer, layer + 1, counter=counter) for stream in (source, target)]
        pairs = [
            (before.hidden_states, after.hidden_states) for before, after in zip((source, target), walked, strict=True)
        ]
        source, target = walked
        for one in by_layer[layer]:
            edited = replace(target, hidden_states=swapped_hidden_states(one.mode, *pairs, mask))
            rest = transformer.walk(model, edited, layer + 1, counter=counter)
            yield one, transformer.head(model, rest)
