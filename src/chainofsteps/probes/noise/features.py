"""The features of two runs that are compared, and the kernel: no torch, since the configuration takes defaults here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import InputError
from .spec import block_layer, tapped_layer

KERNELS = ("linear", "rbf")


@dataclass(frozen=True)
class Compared:
    """What is compared, and how: the `similarity` section of the configuration.

    features: one or several of "latents" (x_{t+1}), "x0_pred" (of step t) and, once, "block:<l>" (hidden states after
    layer l at step t, conditional branch); the first is the one that Figure 3 draws as maps. The latents hold the
    injected noise itself for as long as sigma is high, the x0_pred only what the model made of it.
    """

    features: str | Sequence[str] = ("x0_pred", "latents")
    kernel: str = "linear"
    unbiased: bool = True

    def __post_init__(self):
        names = (self.features,) if isinstance(self.features, str) else tuple(self.features)
        object.__setattr__(self, "features", names)
        for name in names:
            if name not in ("latents", "x0_pred") and block_layer(name) is None:
                raise InputError(f"similarity: features must be latents, x0_pred or block:<layer>, not {name!r}")
        if not names or len(set(names)) < len(names):
            raise InputError(f"similarity: features must name each once, and one at least, not {list(names)}")
        if sum(block_layer(name) is not None for name in names) > 1:
            raise InputError(f"similarity: features can have one block:<layer> at most, not {list(names)}")
        if self.kernel not in KERNELS:
            raise InputError(f"similarity: kernel must be one of {', '.join(KERNELS)}; not {self.kernel!r}")

    @classmethod
    def from_config(cls, section: Mapping) -> Compared:
        """From the `similarity` section of the configuration. InputError if a word in it is not known."""
        return cls(section["features"], section["kernel"], section["unbiased"])

    @property
    def layer(self) -> int | None:
        """The layer of "block:<l>" if it is among the features, else None."""
        return tapped_layer(self.features)
