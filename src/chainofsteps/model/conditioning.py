"""What a model is given of a case: the prompt's embeddings and the encoded first frame."""

import gc
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from PIL import Image

from ..errors import InputError
from .checkpoint import check_text_tokens, family_in, takes_image_embeds
from .family import Family, family_of
from .load import load_image_encoder, load_text_encoder
from .sampling import Sampling
from .wan import MASK_CHANNELS

if TYPE_CHECKING:
    from diffusers import ModelMixin
    from transformers import CLIPImageProcessorPil, PreTrainedModel, PreTrainedTokenizerBase

LOG = logging.getLogger(__name__)
Text = dict[str, torch.Tensor]  # prompt_embeds of a text, and prompt_attention_mask for models that read one


class PromptedImage(Protocol):
    """What a case gives to be encoded: its name (for errors), its prompt, and its first frame (H, W, 3) uint8."""

    @property
    def name(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def first_frame(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Conditioning:
    """Conditioning of one case.

    prompt_embeds and negative_prompt_embeds (1, text tokens, text_dim), the latter None without guidance;
    image_embeds (1, image tokens, image_dim) for models that take them; prompt_attention_mask and
    negative_prompt_attention_mask (1, text tokens), False for padding, for models that read them. The first frame is
    given in one of two ways, float32 as the stock pipeline prepares it:
    - beside the latents: condition (1, 4 + C, F, h, w), 4 channels of mask (1 = frame is given) and the latents of
      the first frame followed by grey frames;
    - as latent frame 0 itself (Wan TI2V 5B, LTX-Video): condition (1, C, 1, h, w), the latents of the first frame, and
      first_frame_mask (1, 1, F, h, w), 0 where they stay and 1 where the model makes the video.
    """

    prompt_embeds: torch.Tensor
    condition: torch.Tensor
    negative_prompt_embeds: torch.Tensor | None = None
    image_embeds: torch.Tensor | None = None
    first_frame_mask: torch.Tensor | None = None
    prompt_attention_mask: torch.Tensor | None = None
    negative_prompt_attention_mask: torch.Tensor | None = None

    @classmethod
    def of(
        cls,
        frame: Mapping[str, torch.Tensor],
        text: Text,
        negative: Text | None = None,
        image_embeds: torch.Tensor | None = None,
    ) -> "Conditioning":
        """Of what `encode_first_frame`, `encode_texts` (prompt; negative prompt with guidance) and `encode_images`
        give."""
        of_negative = {f"negative_{name}": tensor for name, tensor in (negative or {}).items()}
        return cls(**frame, **text, **of_negative, image_embeds=image_embeds)

    def of_branch(self, branch: str, batch: int) -> dict[str, torch.Tensor]:
        """What the model is given beside latents and timestep, for a batch of one branch, "cond" or "uncond".

        Raises InputError for the branch uncond without negative_prompt_embeds.
        """
        sign = "" if branch == "cond" else "negative_"
        if getattr(self, f"{sign}prompt_embeds") is None:
            raise InputError("the branch uncond needs negative_prompt_embeds; set guidance_scale above 1")
        texts = {name: getattr(self, sign + name) for name in ("prompt_embeds", "prompt_attention_mask")}
        there = {**texts, "image_embeds": self.image_embeds}.items()
        return {name: tensor.expand(batch, *tensor.shape[1:]) for name, tensor in there if tensor is not None}

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Conditioning":
        """On a device, the embeddings in the transformer's dtype; condition and mask stay float32."""
        moved = {
            name: tensor.to(device, dtype) if name.endswith("_embeds") else tensor.to(device)
            for name, tensor in self.to_tensors().items()
        }
        return replace(self, **moved)

    def to_tensors(self) -> dict[str, torch.Tensor]:
        """The tensors that are there, by name, for a safetensors file."""
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: tensor for name, tensor in tensors.items() if tensor is not None}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> "Conditioning":
        """Back from to_tensors. Raises InputError if they are not a conditioning."""
        names = {field.name for field in fields(cls)}
        if not {"prompt_embeds", "condition"} <= set(tensors) <= names:
            raise InputError(f"not a conditioning: tensors {', '.join(sorted(tensors))}; encode the case again")
        return cls(**tensors)

    @property
    def latents_shape(self) -> tuple[int, ...]:
        """(1, C, F, h, w) of the latents that go with it."""
        batch, channels, *size = self.condition.shape
        if self.first_frame_mask is None:
            return (batch, channels - MASK_CHANNELS, *size)
        return (batch, channels, *self.first_frame_mask.shape[2:])

    def begin(self, noise: torch.Tensor) -> torch.Tensor:
        """Latents (B, C, F, h, w) before step 0: the noise, but for a first frame that stays."""
        return noise if self.first_frame_mask is None else self._with_first_frame(noise)

    def model_input(
        self, latents: torch.Tensor, timestep: torch.Tensor, patch: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the model is given of latents (B, C, F, h, w) at a timestep (): (latents_in, timestep).

        patch: latents a side of a token. latents_in (B, in_channels, F, h, w); timestep (B,), or per token (B, n): 0
        for those of a first frame that stays.
        """
        if self.first_frame_mask is None:
            condition = self.condition.expand(len(latents), *self.condition.shape[1:])
            return torch.cat([latents, condition], dim=1), timestep.expand(len(latents))
        of_tokens = (self.first_frame_mask[0, 0, :, ::patch, ::patch] * timestep).flatten()
        return self._with_first_frame(latents), of_tokens.expand(len(latents), -1)

    def keep_first_frame(self, velocity: torch.Tensor, latents: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """The velocity of a model, but for a first frame that stays: there it leads to it, and is 0 where it is.

        All (B, C, F, h, w), latents at sigma () > 0. The stock pipeline lets that frame run and overwrites it before
        every forward and at the end, so that between steps it would be neither noise nor the frame.
        """
        if self.first_frame_mask is None:
            return velocity
        to_it = (latents - self.condition) / sigma  # x_sigma = (1 - sigma) x0 + sigma eps, and velocity = eps - x0
        return self.first_frame_mask * velocity + (1 - self.first_frame_mask) * to_it

    def _with_first_frame(self, latents: torch.Tensor) -> torch.Tensor:
        return (1 - self.first_frame_mask) * self.condition + self.first_frame_mask * latents


@torch.no_grad()
def encode(
    case: PromptedImage,
    text_encoder: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    vae: "ModelMixin",
    sampling: Sampling,
    frames: int,
    height: int,
    width: int,
    image_encoder: "PreTrainedModel | None" = None,
    image_processor: "CLIPImageProcessorPil | None" = None,
    keeps_first_frame: bool = False,
) -> Conditioning:
    """Encode a case's prompt and first frame with all encoders in memory at once; the result is on the CPU.

    See `encode_text`, `encode_image` and `encode_first_frame`, which need not meet.
    """
    family = family_of(vae)
    texts = (case.prompt, sampling.negative_prompt)[: 1 + sampling.guided]
    encoded = [encode_text(text, text_encoder, tokenizer, sampling, family) for text in texts]
    image_embeds = None if image_encoder is None else encode_image(case, image_encoder, image_processor, family)
    frame = encode_first_frame(case, vae, frames, height, width, keeps_first_frame)
    return Conditioning.of(frame, *encoded, image_embeds=image_embeds)


def encode_texts(folder: str | Path, texts: Mapping[str, str], sampling: Sampling) -> dict[str, Text]:
    """By each text what a checkpoint's text encoder makes of it, on the CPU: prompt_embeds (1, text tokens, text_dim),
    and a mask.

    texts: by what has them, which a warning names if a text is cut off (`warn_of_cut`). The encoder (11 GB for a 14B
    model) is loaded on the sampling's device, and gone before this returns. Raises InputError if the model wants
    another number of text tokens.
    """
    check_text_tokens(folder, sampling.max_sequence_length)
    family = family_in(folder)
    text_encoder, tokenizer = load_text_encoder(folder, sampling.dtype, sampling.torch_device)
    warn_of_cut(texts, tokenizer, sampling.max_sequence_length, family)
    each_once = dict.fromkeys(texts.values())
    encoded = {text: encode_text(text, text_encoder, tokenizer, sampling, family) for text in each_once}
    del text_encoder
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no CUDA
    return encoded


def warn_of_cut(
    texts: Mapping[str, str], tokenizer: "PreTrainedTokenizerBase", text_tokens: int, family: Family
) -> None:
    """Log one line if texts have more tokens than are read: they are cut off, as by the stock pipeline.

    texts: by what has them. The line names the longest, by how many tokens it is cut, and how many others there are.
    """
    tokens = {name: len(tokenizer(family.cleaned(text)).input_ids) for name, text in texts.items()}
    longer = sorted((name for name in tokens if tokens[name] > text_tokens), key=tokens.__getitem__)
    if longer:
        name = longer.pop()
        others = f", and {len(longer)} more are cut too" if longer else ""
        LOG.warning(
            f"warning: {name} has {tokens[name]} tokens, and the model reads {text_tokens} (max_sequence_length): the "
            f"last {tokens[name] - text_tokens} are cut off{others}; shorten it, or raise max_sequence_length if the "
            "model was trained with more"
        )


@torch.no_grad()
def encode_text(
    text: str,
    text_encoder: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    sampling: Sampling,
    family: Family,
) -> Text:
    """prompt_embeds (1, text tokens, text_dim) of a text, and prompt_attention_mask if the model reads one; on the
    CPU."""
    return family.encode_text(text, text_encoder, tokenizer, sampling.max_sequence_length)


def encode_images(
    folder: str | Path, cases: Iterable[PromptedImage], device: torch.device | str
) -> dict[str, torch.Tensor | None]:
    """image_embeds of each case's first frame by its name, on the CPU; None for a checkpoint that takes none.

    The image encoder (2.5 GB for a 14B model) is loaded on the device, and gone before this returns.
    """
    if not takes_image_embeds(folder):
        return {case.name: None for case in cases}
    family = family_in(folder)
    image_encoder, image_processor = load_image_encoder(folder, device)
    embeds = {case.name: encode_image(case, image_encoder, image_processor, family) for case in cases}
    del image_encoder
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no CUDA
    return embeds


@torch.no_grad()
def encode_image(
    case: PromptedImage, image_encoder: "PreTrainedModel", image_processor: "CLIPImageProcessorPil", family: Family
) -> torch.Tensor:
    """image_embeds (1, image tokens, image_dim) of a case's first frame, on the CPU."""
    return family.encode_image(Image.fromarray(case.first_frame), image_encoder, image_processor)


@torch.no_grad()
def encode_first_frame(
    case: PromptedImage, vae: "ModelMixin", frames: int, height: int, width: int, keeps_first_frame: bool = False
) -> dict[str, torch.Tensor]:
    """condition, and first_frame_mask where the model keeps the first frame, as Conditioning has them, on the CPU.

    The frame is resized to height x width if need be. Raises InputError if frames is not 4k + 1 (8k + 1 for
    LTX-Video), or if a side does not divide into tokens (of 16 pixels; 32 for TI2V 5B and LTX-Video).
    """
    family = family_of(vae)
    of_frame, of_pixel = family.strides(vae)
    of_token = of_pixel * family.patch
    if frames % of_frame != 1:
        fitting = frames // of_frame * of_frame + 1
        raise InputError(f"case {case.name}: {frames} frames; the VAE needs {of_frame}k + 1, such as {fitting}")
    if height % of_token or width % of_token:
        raise InputError(f"case {case.name}: {height}x{width} pixels; both sides must be multiples of {of_token}")
    image = Image.fromarray(case.first_frame)
    prepared = family.encode_first_frame(image, vae, frames, height, width, keeps_first_frame)
    return {name: tensor.cpu() for name, tensor in prepared.items()}


def restore_first_frame(latents: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
    """latents (B, C, F, h, w) with latent frame 0 replaced by the encoded first frame, which is given.

    The causal decoder would spread a disturbed first frame over the whole video.
    """
    restored = latents.clone()
    restored[:, :, 0] = conditioning.condition[:, -latents.shape[1] :, 0].to(latents)
    return restored
