"""The stream: all that flows between the blocks of a transformer, whatever its family. No torch here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    import torch

LayerTap = Callable[[int, "torch.Tensor"], None]
LayerEdit = Callable[[int, "torch.Tensor"], "torch.Tensor"]


@dataclass(frozen=True)
class Stream:
    """What flows between blocks. B items, n = prod(grid) tokens, width d.

    hidden_states (B, n, d); grid (F, H, W). A family adds as fields what its blocks and its head read beside them, and
    names in `conditions` those that have an entry for each item.
    """

    hidden_states: torch.Tensor
    grid: tuple[int, int, int]

    conditions: ClassVar[tuple[str, ...]] = ()

    def with_items(self, hidden_states: torch.Tensor) -> Self:
        """Hidden states (B, n, d) under the conditions of this stream's first item: one case, step and branch."""
        first = {name: getattr(self, name)[:1] for name in self.conditions}
        same = {name: value.expand(len(hidden_states), *value.shape[1:]) for name, value in first.items()}
        return replace(self, hidden_states=hidden_states, **same)
