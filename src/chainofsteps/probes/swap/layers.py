"""Layers of the source in place of the target's (Fig. 6b), on the streams of a single branch at a single step.

Source and target walk the blocks in lockstep, so that both hidden states are at hand at each layer and none are stored;
each swapped stream goes on alone through the layers that are left. For L layers and m modes a step costs
2 + m (L - 1) / 2 forwards, and no more memory than three streams.

Mode `full`, which swaps a whole block output, is degenerate where both have the same text and timestep: the image and
the noise enter at the first layer only, so everything after the swap is the source's, whatever the layer. A curve over
layers then needs the block's own update (`residual`) or a part of the tokens (`tokens`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...errors import InputError
from ...model import network
from ...model.network import Forwards
from ...model.shapes import HiddenStates, TokenMask
from ...model.stream import LayerEdit, Stream
from ..indices import Indices, resolve
from .spec import MODES, Swap

__all__ = ["MODES", "SourceWalk", "Swap", "edit_of", "swap", "swapped_hidden_states", "token_mask"]

OnWalked = Callable[[int, Stream], None]


def token_mask(grid: tuple[int, int, int], frames: Indices = "all", rows: Indices = "all") -> TokenMask:
    """The tokens that mode `tokens` swaps: bool (n,) of a grid (F, H, W); latent frames and rows of tokens, as numbers
    or as the words of a configuration.

    Raises InputError for a latent frame or row outside the grid, or if no token is left.
    """
    chosen = []
    for word, asked, count in (("latent frame", frames, grid[0]), ("token row", rows, grid[1])):
        chosen.append(resolve(asked, count))
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
    mask: TokenMask | None,
) -> HiddenStates:
    """Hidden states (B, n, d) that go on after the swap; source and target: before and after the block. mask: of mode
    tokens."""
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
    masks: Mapping[str, TokenMask],
    counter: Forwards | None = None,
    on_walked: OnWalked | None = None,
) -> Iterator[tuple[Swap, Tensor]]:
    """Each swap with its velocity (B, C, F, h, w), in the order of their last layers.

    source and target: embedded, with the same grid, batch and timestep. masks: the tokens (n,) of mode `tokens`, by the
    name of the part. on_walked: sees each layer with the source's stream after it. Raises InputError if a layer is
    outside the model, or the grids differ.
    """
    _check(network.depth(model), source, target, swaps)
    opened: dict[Swap, Stream] = {}  # the streams of swaps that are between their first and their last layer
    last_first = max((one.layer for one in swaps), default=-1)
    for layer in range(max((one.last for one in swaps), default=-1) + 1):
        before, source = source, network.walk(model, source, layer, layer + 1, counter=counter)
        of_source = before.hidden_states, source.hidden_states
        at_target = target
        if layer <= last_first:
            target = network.walk(model, target, layer, layer + 1, counter=counter)
        if on_walked is not None:
            on_walked(layer, source)
        for one in (one for one in swaps if one.layer <= layer <= one.last):
            start, after = opened.pop(one, at_target), target
            if one.layer < layer:  # its own output of the block, which mode tokens alone needs
                after = network.walk(model, start, layer, layer + (one.mode == "tokens"), counter=counter)
            pair = start.hidden_states, after.hidden_states
            states = swapped_hidden_states(one.mode, of_source, pair, masks.get(one.part))
            edited = replace(start, hidden_states=states)
            if layer < one.last:
                opened[one] = edited
            else:
                yield one, network.head(model, network.walk(model, edited, layer + 1, counter=counter))


def _check(layers: int, source: Stream, target: Stream, swaps: Sequence[Swap]) -> None:
    """InputError if a swap is outside the model's layers, or the streams are of different grids."""
    outside = [one.last for one in swaps if one.last >= layers]
    if outside:
        raise InputError(f"swap: layer {outside[0]} is out of range; the model has layers 0 to {layers - 1}")
    if source.hidden_states.shape != target.hidden_states.shape:
        raise InputError(f"swap: source and target differ in size, {source.grid} and {target.grid} tokens")


class SourceWalk:
    """The source's stream on its way through the layers, no further than its swaps need.

    states: its hidden states before the first layer and after each, on the host, since those of all layers of a 14B
    model are 14 GB; empty unless `keeps`.
    """

    def __init__(self, model: torch.nn.Module, stream: Stream, keeps: bool, counter: Forwards | None) -> None:
        self.model, self.stream, self.keeps, self.counter = model, stream, keeps, counter
        self.reached, self.states = 0, list[Tensor]()
        self._keep(-1, stream.hidden_states)

    def on_walked(self, layer: int, source: Stream) -> None:
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


def edit_of(
    swaps: Sequence[Swap | None], stream: Stream, states: Sequence[HiddenStates], masks: Mapping[str, TokenMask]
) -> LayerEdit:
    """The edit that swaps each item of a batch at its own layers; None: an item without a swap at this step.

    stream: of the batch, before the first layer. states: of the source, see SourceWalk. masks: see `swap`.
    """
    before = stream.hidden_states

    def edit(layer: int, hidden_states: HiddenStates) -> HiddenStates:
        nonlocal before
        here = [item for item, one in enumerate(swaps) if one is not None and one.layer <= layer <= one.last]
        edited = hidden_states.clone() if here else hidden_states
        if here:
            source = states[layer].to(edited), states[layer + 1].to(edited)
        for item in here:
            target = before[item : item + 1], hidden_states[item : item + 1]
            mask = masks.get(swaps[item].part)
            edited[item : item + 1] = swapped_hidden_states(swaps[item].mode, source, target, mask)
        before = edited
        return edited

    return edit
