"""The features of two runs that are compared, and the kernel: no torch, since the configuration takes defaults here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import InputError
from .spec import block_layer

KERNELS = ("linear", "rbf")


@dataclass(frozen=True)
class Compared:
    """What is compared, and how: the `similarity` section of the configuration.

    `features`: "latents" (x_{t+1}), "x0_pred" (of step t) or "block:<l>" (hidden states after layer l at
    step t, conditional branch).
    """

    features: str = "latents"
    kernel: str = "linear"
    unbiased: bool = True

    def __post_init__(self):
        if self.features not in ("latents", "x0_pred") and self.layer is None:
            raise InputError(f"similarity: features must be latents, x0_pred or block:<layer>, not {self.features!r}")
        if self.kernel not in KERNELS:
            raise InputError(f"similarity: kernel must be one of {', '.join(KERNELS)}; not {self.kernel!r}")

    @classmethod
    def from_config(cls, section: Mapping) -> Compared:
        """From the `similarity` section of the configuration. InputError if a word in it is not known."""
        return cls(section["features"], section["kernel"], section["unbiased"])

    @property
    def layer(self) -> int | None:
        """The layer of "block:<l>", else None."""
        return block_layer(self.features)
