"""The families of models: the protocol that the engine needs of one, and the table of those that are known.

docs/families.md tells how to add one: a file like ltx.py, and a row of FAMILIES. No torch here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import InputError
from .ltx import LTX
from .stream import Stream
from .wan import Wan

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

PAGE = "docs/families.md"


class Family(Protocol):
    """A family of image-to-video models: its checkpoint folder, its transformer's stream, its conditioning, its VAE.

    Its network predicts the velocity eps - x0 of x_sigma = (1 - sigma) x0 + sigma eps, which the Euler step of
    `schedule` integrates. Its first frame enters in one of the two ways of `Conditioning`.

    parts: the class names that each part of a folder may have; with transformer, vae and text_encoder. patch: latents
    a side of a token.
    """

    name: str
    parts: Mapping[str, tuple[str, ...]]
    patch: int

    # The folder. index: its model_index.json; config and vae: config.json of the transformer and of the VAE.

    def check_index(self, folder: str | Path, index: Mapping[str, Any]) -> None:
        """Raises InputError if model_index.json is not of an image-to-video checkpoint."""

    def check(
        self, folder: str | Path, index: Mapping[str, Any], config: Mapping[str, Any], vae: Mapping[str, Any]
    ) -> None:
        """Raises InputError if transformer and VAE are not of an image-to-video checkpoint, or do not fit together."""

    def keeps_first_frame(self, index: Mapping[str, Any]) -> bool:
        """True where the first frame is a latent frame that stays; False where it comes beside the latents."""

    def takes_image_embeds(self, config: Mapping[str, Any]) -> bool:
        """True where the model sees the first frame through an image encoder too."""

    def only_text_tokens(self, config: Mapping[str, Any]) -> int | None:
        """The number of text tokens, where the model takes no other."""

    def latent_channels(self, vae: Mapping[str, Any]) -> int:
        """C of the latents."""

    def sigmas(self, folder: str | Path, steps: int, shift: float) -> torch.Tensor:
        """The schedule, float32 (steps + 1,): 1 at first, 0 at last."""

    # The stream.

    def blocks(self, model: Any) -> torch.nn.ModuleList:
        """The blocks of a transformer, in order."""

    def embed(
        self,
        model: Any,
        latents_in: torch.Tensor,
        timestep: torch.Tensor,
        prompt_embeds: torch.Tensor,
        **conditions: torch.Tensor,
    ) -> Stream:
        """Tokens and conditions, ready for the first block: see `network.embed`."""

    def run_block(self, block: torch.nn.Module, hidden_states: torch.Tensor, stream: Any) -> torch.Tensor:
        """Hidden states (B, n, d) after a block, from those before it and the stream's conditions."""

    def head(self, model: Any, stream: Any) -> torch.Tensor:
        """Velocity (B, C, F, h, w) from the hidden states after the last block."""

    # The conditioning: tensors by the names of `Conditioning`, on any device.

    def cleaned(self, text: str) -> str:
        """A text as the stock pipeline hands it to the tokenizer."""

    def encode_text(self, text: str, text_encoder: Any, tokenizer: Any, text_tokens: int) -> dict[str, torch.Tensor]:
        """prompt_embeds (1, text tokens, text_dim), and prompt_attention_mask (1, text tokens) if one is read."""

    def encode_image(self, image: Image, image_encoder: Any, image_processor: Any) -> torch.Tensor:
        """image_embeds (1, image tokens, image_dim)."""

    def encode_first_frame(
        self, image: Image, vae: Any, frames: int, height: int, width: int, keeps_first_frame: bool
    ) -> dict[str, torch.Tensor]:
        """condition, and first_frame_mask where the model keeps the first frame."""

    # The VAE. latents (B, C, F, h, w), normalised; pixels (B, 3, T, H, W) in [-1, 1], on its device in its dtype.

    def strides(self, vae: Any) -> tuple[int, int]:
        """Frames, and pixels a side, of a latent."""

    def encode(self, vae: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Latents of a video: the mode of the VAE's distribution."""

    def decode(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        """Pixels of latents."""


FAMILIES: dict[str, Family] = {
    "WanTransformer3DModel": Wan(),
    "LTXVideoTransformer3DModel": LTX(),
}


def family_named(transformer: str, where: str | Path) -> Family:
    """The family of a transformer's class. Raises InputError, naming where it was met, if it is not known."""
    if transformer not in FAMILIES:
        raise InputError(
            f"{where} has a {transformer}, a transformer that is not known here; known are {', '.join(FAMILIES)}; "
            f"{PAGE} tells how to add one"
        )
    return FAMILIES[transformer]


def family_of(module: Any) -> Family:
    """The family of a loaded transformer or VAE. Raises InputError if it is of none."""
    return _family_of_class(type(module))


@cache
def _family_of_class(kind: type) -> Family:
    names = {base.__name__ for base in kind.__mro__}
    for family in FAMILIES.values():
        if names & {*family.parts["transformer"], *family.parts["vae"]}:
            return family
    return family_named(kind.__name__, "the model")
