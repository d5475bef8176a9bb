"""Taps read hidden states and reduce them on the device, so that little crosses to the host."""

from collections.abc import Callable, Iterable

import torch

from ..errors import InputError
from ..model.stream import LayerTap

Reducer = Callable[[torch.Tensor], torch.Tensor]
BRANCHES = {"cond": ("cond",), "uncond": ("uncond",), "both": ("cond", "uncond")}


def token_norm(hidden_states: torch.Tensor) -> torch.Tensor:
    """L2 norm over channels: (B, n, d) -> float32 (B, n)."""
    return torch.linalg.vector_norm(hidden_states, dim=-1, dtype=torch.float32)


def full(hidden_states: torch.Tensor) -> torch.Tensor:
    """All hidden states (B, n, d) in float32: 26.8 GB for a forward of a 14B model, see Tap.nbytes."""
    return hidden_states.float()


class Tap:
    """Keeps `reducer` of the hidden states after some layers, at some steps, of a branch (cond or uncond) or of both.

    Read-only: a run with a tap has the same bits as without. Raises InputError for an unknown branch.
    """

    def __init__(
        self, layers: Iterable[int], steps: Iterable[int], branch: str = "cond", reducer: Reducer = token_norm
    ) -> None:
        if branch not in BRANCHES:
            raise InputError(f"branch is {branch!r}: choose cond, uncond or both")
        self.layers, self.steps = sorted(set(layers)), sorted(set(steps))
        self.branches, self.reducer = BRANCHES[branch], reducer
        self._row = {layer: row for row, layer in enumerate(self.layers)}
        self._kept: dict[tuple[int, str], list[torch.Tensor]] = {}

    def check(self, layers: int, steps: int) -> None:
        """Raise InputError if a tapped layer or step is not among `layers` and `steps`."""
        for noun, tapped, size in (("layer", self.layers, layers), ("step", self.steps, steps)):
            outside = [index for index in tapped if not 0 <= index < size]
            if outside:
                raise InputError(f"{noun} {outside[0]} is out of range: there are {noun}s 0 to {size - 1}")

    def at(self, step: int, branch: str) -> LayerTap | None:
        """The tap of the forward of a branch at a step, or None if it keeps nothing of that forward."""
        if step not in self.steps or branch not in self.branches or not self.layers:
            return None
        rows: list[torch.Tensor] = []

        def keep(layer: int, hidden_states: torch.Tensor) -> None:
            if layer in self._row:
                rows.append(self.reducer(hidden_states))
            if layer == self.layers[-1]:
                # a single copy to the host, and so a single wait for the device, however many layers are tapped
                self._kept.setdefault((step, branch), []).append(torch.stack(rows, dim=1).cpu())

        return keep

    def take(self) -> dict[str, torch.Tensor]:
        """Everything kept since the last take, on the CPU: "step007-cond" -> (B, tapped layers, n[, d]).

        Chunks of a batch, and repeated forwards of a step, are joined along B in the order in which they ran.
        """
        taken = {f"step{step:03d}-{branch}": torch.cat(parts) for (step, branch), parts in self._kept.items()}
        self._kept.clear()
        return taken

    def nbytes(self, batch: int, tokens: int, width: int) -> int:
        """Bytes that all steps of a run of `batch` items will keep, for a model of `width` channels."""
        of_token = self.reducer(torch.empty(1, 1, width)).nbytes  # every reducer works token by token
        return of_token * batch * tokens * len(self.layers) * len(self.steps) * len(self.branches)
