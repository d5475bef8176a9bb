"""What a model is given of a case: the prompt's embeddings and the encoded first frame."""

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanImageToVideoPipeline
from PIL import Image
from transformers import PreTrainedTokenizerBase, UMT5EncoderModel

from ..errors import InputError
from .checkpoint import check_text_tokens, takes_image_embeds
from .load import MASK_CHANNELS, load_image_encoder, load_text_encoder
from .sampling import Sampling

if TYPE_CHECKING:
    from transformers import CLIPImageProcessorPil, CLIPVisionModel


PATCH = 2  # a token of the transformer is a patch of 1 x 2 x 2 latents


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
    image_embeds (1, image tokens, image_dim) for models that take them. The first frame is given in one of two ways,
    float32 as the stock pipeline prepares it:
    - beside the latents: condition (1, 4 + C, F, h, w), 4 channels of mask (1 = frame is given) and the latents of
      the first frame followed by grey frames;
    - as latent frame 0 itself (TI2V 5B): condition (1, C, 1, h, w), the latents of the first frame, and
      first_frame_mask (1, 1, F, h, w), 0 where they stay and 1 where the model makes the video.
    """

    prompt_embeds: torch.Tensor
    condition: torch.Tensor
    negative_prompt_embeds: torch.Tensor | None = None
    image_embeds: torch.Tensor | None = None
    first_frame_mask: torch.Tensor | None = None

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

    def model_input(self, latents: torch.Tensor, timestep: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the model is given of latents (B, C, F, h, w) at a timestep (): (latents_in, timestep).

        latents_in (B, in_channels, F, h, w); timestep (B,), or per token (B, n): 0 for those of a first frame that
        stays.
        """
        if self.first_frame_mask is None:
            condition = self.condition.expand(len(latents), *self.condition.shape[1:])
            return torch.cat([latents, condition], dim=1), timestep.expand(len(latents))
        of_tokens = (self.first_frame_mask[0, 0, :, ::PATCH, ::PATCH] * timestep).flatten()
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
    text_encoder: UMT5EncoderModel,
    tokenizer: PreTrainedTokenizerBase,
    vae: AutoencoderKLWan,
    sampling: Sampling,
    frames: int,
    height: int,
    width: int,
    image_encoder: "CLIPVisionModel | None" = None,
    image_processor: "CLIPImageProcessorPil | None" = None,
    keeps_first_frame: bool = False,
) -> Conditioning:
    """Encode a case's prompt and first frame with all encoders in memory at once; the result is on the CPU.

    See `encode_text`, `encode_image` and `encode_first_frame`, which need not meet.
    """
    texts = (case.prompt, sampling.negative_prompt)[: 1 + sampling.guided]
    prompt_embeds, *negative = (encode_text(text, text_encoder, tokenizer, sampling) for text in texts)
    image_embeds = None if image_encoder is None else encode_image(case, image_encoder, image_processor)
    frame = encode_first_frame(case, vae, frames, height, width, keeps_first_frame)
    return Conditioning(
        prompt_embeds,
        negative_prompt_embeds=negative[0] if negative else None,
        image_embeds=image_embeds,
        **frame,
    )


def encode_texts(folder: str | Path, texts: Iterable[str], sampling: Sampling) -> dict[str, torch.Tensor]:
    """Embeddings (1, text tokens, text_dim), on the CPU, of each text by a checkpoint's text encoder.

    It (11 GB for a 14B model) is loaded on the sampling's device, and gone before this returns. Raises InputError if
    the model wants another number of text tokens.
    """
    check_text_tokens(folder, sampling.max_sequence_length)
    text_encoder, tokenizer = load_text_encoder(folder, sampling.dtype, sampling.torch_device)
    embeds = {text: encode_text(text, text_encoder, tokenizer, sampling) for text in dict.fromkeys(texts)}
    del text_encoder
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no CUDA
    return embeds


@torch.no_grad()
def encode_text(
    text: str, text_encoder: UMT5EncoderModel, tokenizer: PreTrainedTokenizerBase, sampling: Sampling
) -> torch.Tensor:
    """Embeddings (1, text tokens, text_dim) of a text, on the CPU.

    The stock pipeline's own method, so that the cleaning and the zero padding are the same bits.
    """
    prompt_embeds, _ = _pipeline(text_encoder=text_encoder, tokenizer=tokenizer).encode_prompt(
        text,
        do_classifier_free_guidance=False,
        max_sequence_length=sampling.max_sequence_length,
        device=torch.device("cpu"),
    )
    return prompt_embeds


def encode_images(
    folder: str | Path, cases: Iterable[PromptedImage], device: torch.device | str
) -> dict[str, torch.Tensor | None]:
    """image_embeds of each case's first frame by its name, on the CPU; None for a checkpoint that takes none.

    The image encoder (2.5 GB for a 14B model) is loaded on the device, and gone before this returns.
    """
    if not takes_image_embeds(folder):
        return {case.name: None for case in cases}
    image_encoder, image_processor = load_image_encoder(folder, device)
    embeds = {case.name: encode_image(case, image_encoder, image_processor) for case in cases}
    del image_encoder
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no CUDA
    return embeds


@torch.no_grad()
def encode_image(
    case: PromptedImage, image_encoder: "CLIPVisionModel", image_processor: "CLIPImageProcessorPil"
) -> torch.Tensor:
    """image_embeds (1, image tokens, image_dim) of a case's first frame, on the CPU.

    The stock pipeline's own method: of the layer before the last, with the image resized and cut as CLIP wants it.
    """
    pipeline = _pipeline(image_encoder=image_encoder, image_processor=image_processor)
    return pipeline.encode_image(Image.fromarray(case.first_frame), torch.device("cpu"))


@torch.no_grad()
def encode_first_frame(
    case: PromptedImage, vae: AutoencoderKLWan, frames: int, height: int, width: int, keeps_first_frame: bool = False
) -> dict[str, torch.Tensor]:
    """condition, and first_frame_mask where the model keeps the first frame, as Conditioning has them, on the CPU.

    The frame is resized to height x width if need be. The stock pipeline's own methods, so that the mode of the VAE's
    distribution and the mask are the same bits. Raises InputError if frames is not 4k + 1, or if a side does not
    divide into tokens (of 16 pixels; 32 for TI2V 5B).
    """
    of_frame, of_token = vae.config.scale_factor_temporal, vae.config.scale_factor_spatial * PATCH
    if frames % of_frame != 1:
        fitting = frames // of_frame * of_frame + 1
        raise InputError(f"case {case.name}: {frames} frames; the VAE needs {of_frame}k + 1, such as {fitting}")
    if height % of_token or width % of_token:
        raise InputError(f"case {case.name}: {height}x{width} pixels; both sides must be multiples of {of_token}")
    pipeline = _pipeline(vae=vae, expand_timesteps=keeps_first_frame)
    image = Image.fromarray(case.first_frame)
    pixels = pipeline.video_processor.preprocess(image, height=height, width=width).float()
    _, *prepared = pipeline.prepare_latents(
        pixels.to(vae.device),
        batch_size=1,
        num_channels_latents=vae.config.z_dim,
        height=height,
        width=width,
        num_frames=frames,
        dtype=torch.float32,
        device=vae.device,
        latents=torch.empty(0),  # the noise is drawn elsewhere, per case and seed
    )
    names = ("condition", "first_frame_mask")[: len(prepared)]
    return {name: tensor.cpu() for name, tensor in zip(names, prepared, strict=True)}


def _pipeline(**parts: Any) -> WanImageToVideoPipeline:
    """The stock pipeline with some of its parts, for the methods that use them."""
    without = dict.fromkeys(("tokenizer", "text_encoder", "vae"))
    return WanImageToVideoPipeline(**{**without, "scheduler": FlowMatchEulerDiscreteScheduler(), **parts})


def restore_first_frame(latents: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
    """latents (B, C, F, h, w) with latent frame 0 replaced by the encoded first frame, which is given.

    The causal decoder would spread a disturbed first frame over the whole video.
    """
    restored = latents.clone()
    restored[:, :, 0] = conditioning.condition[:, -latents.shape[1] :, 0].to(latents)
    return restored
