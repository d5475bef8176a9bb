"""Layers of the source in place of the target's (Fig. 6b), on the streams of a single branch at a single step.

Source and target walk the blocks in lockstep, so that both hidden states are at hand at each layer and none are stored;
each swapped stream goes on alone through the layers that are left. For L layers and m modes a step costs
2 + m (L - 1) / 2 forwards, and no more memory than three streams.

Mode `full`, which swaps a whole block output, is degenerate where both have the same text and timestep: the image and
the noise enter at the first layer only, so everything after the swap is the source's, whatever the layer. A curve over
layers then needs the block's own update (`residual`) or a part of the tokens (`tokens`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...errors import InputError
from ...model import network
from ...model.network import Forwards
from ...model.shapes import HiddenStates, TokenMask
from ...model.stream import LayerEdit, Stream
from .spec import MODES, Swap

__all__ = ["MODES", "SourceWalk", "Swap", "edit_of", "swap", "swapped_hidden_states", "token_mask"]

OnWalked = Callable[[int, Stream, Stream], None]


def token_mask(
    grid: tuple[int, int, int], frames: Sequence[int] | str = "all", rows: Sequence[int] | str = "all"
) -> TokenMask:
    """The tokens that mode `tokens` swaps: bool (n,) of a grid (F, H, W); latent frames and rows of tokens.

    Raises InputError for a latent frame or row outside the grid, or if no token is left.
    """
    chosen = []
    for word, indices, count in (("latent frame", frames, grid[0]), ("token row", rows, grid[1])):
        chosen.append(list(range(count)) if indices == "all" else list(indices))
        for index in chosen[-1]:
            if not 0 <= index < count:
                raise InputError(f"swap: {word} {index} is out of range; there are 0 to {count - 1}")
    mask = torch.zeros(grid, dtype=torch.bool)
    for frame in chosen[0]:
        mask[frame, chosen[1]] = True
    if not mask.any():
        raise InputError(f"swap: no token of the grid {grid} is in the part to be swapped")
    return mask.flatten()


def swapped_hidden_states(
    mode: str,
    source: tuple[HiddenStates, HiddenStates],
    target: tuple[HiddenStates, HiddenStates],
    mask: TokenMask,
) -> HiddenStates:
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
    mask: TokenMask,
    counter: Forwards | None = None,
    on_walked: OnWalked | None = None,
) -> Iterator[tuple[Swap, Tensor]]:
    """Each swap with its velocity (B, C, F, h, w), in the order of layers: the target's run with the source's layer.

    source and target: embedded, with the same grid, batch and timestep. mask (n,): the tokens of mode `tokens`.
    on_walked: sees each layer with the streams of source and target after it. Raises InputError if a layer is outside
    the model, or the grids differ.
    """
    layers = network.depth(model)
    outside = [of_layer.layer for of_layer in swaps if of_layer.layer >= layers]
    if outside:
        raise InputError(f"swap: layer {outside[0]} is out of range; the model has layers 0 to {layers - 1}")
    if source.hidden_states.shape != target.hidden_states.shape:
        raise InputError(f"swap: source and target differ in size, {source.grid} and {target.grid} tokens")
    for layer in range(max((of_layer.layer for of_layer in swaps), default=-1) + 1):
        walked = [network.walk(model, stream, layer, layer + 1, counter=counter) for stream in (source, target)]
        pairs = [
            (before.hidden_states, after.hidden_states) for before, after in zip((source, target), walked, strict=True)
        ]
        source, target = walked
        if on_walked is not None:
            on_walked(layer, source, target)
        for of_layer in swaps:
            if of_layer.layer == layer:
                edited = replace(target, hidden_states=swapped_hidden_states(of_layer.mode, *pairs, mask))
                yield of_layer, network.head(model, network.walk(model, edited, layer + 1, counter=counter))


class SourceWalk:
    """The source's stream on its way through the layers, no further than its swaps need.

    states: its hidden states before the first layer and after each, on the host, since those of all layers of a 14B
    model are 14 GB; empty unless `keeps`.
    """

    def __init__(self, model: torch.nn.Module, stream: Stream, keeps: bool, counter: Forwards | None) -> None:
        self.model, self.stream, self.keeps, self.counter = model, stream, keeps, counter
        self.reached, self.states = 0, list[Tensor]()
        self._keep(-1, stream.hidden_states)

    def on_walked(self, layer: int, source: Stream, _target: Stream) -> None:
        """Take over the source's stream after a layer, from `swap`."""
        self.stream, self.reached = source, layer + 1
        self._keep(layer, source.hidden_states)

    def until(self, stop: int) -> None:
        """Walk on to, but not including, layer `stop`; no step if that layer is passed already."""
        stop = max(self.reached, stop)
        self.stream = network.walk(self.model, self.stream, self.reached, stop, tap=self._keep, counter=self.counter)
        self.reached = stop

    def _keep(self, _layer: int, hidden_states: HiddenStates) -> None:
        if self.keeps:
            self.states.append(hidden_states.cpu())


def edit_of(swaps: Sequence[Swap | None], stream: Stream, states: Sequence[HiddenStates], mask: TokenMask) -> LayerEdit:
    """The edit that swaps each item of a batch at its own layer; None: an item without a swap at this step.

    stream: of the batch, before the first layer. states: of the source, see SourceWalk.
    """
    before = stream.hidden_states

    def edit(layer: int, hidden_states: HiddenStates) -> HiddenStates:
        nonlocal before
        here = [item for item, of_item in enumerate(swaps) if of_item is not None and of_item.layer == layer]
        edited = hidden_states.clone() if here else hidden_states
        if here:
            source = states[layer].to(edited), states[layer + 1].to(edited)
        for item in here:
            target = before[item : item + 1], hidden_states[item : item + 1]
            edited[item : item + 1] = swapped_hidden_states(swaps[item].mode, source, target, mask)
        before = edited
        return edited

    return edit
