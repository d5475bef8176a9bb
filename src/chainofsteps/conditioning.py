"""What a model is given of a case: the prompt's embeddings and the encoded first frame."""

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanImageToVideoPipeline
from PIL import Image
from transformers import PreTrainedTokenizerBase, UMT5EncoderModel

from .errors import InputError
from .models import MASK_CHANNELS, load_text_encoder
from .settings import Sampling

if TYPE_CHECKING:
    from transformers import CLIPImageProcessor, CLIPVisionModel

    from .cases import Case


@dataclass(frozen=True)
class Conditioning:
    """Conditioning of one case.

    prompt_embeds and negative_prompt_embeds (1, text tokens, text_dim), the latter None without guidance;
    condition (1, 20, F, h, w) float32: 4 channels of mask (1 = frame is given) and the latents of the first
    frame followed by grey frames; image_embeds (1, image tokens, image_dim) for models with an image encoder.
    """

    prompt_embeds: torch.Tensor
    condition: torch.Tensor
    negative_prompt_embeds: torch.Tensor | None = None
    image_embeds: torch.Tensor | None = None

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Conditioning":
        """On a device, the embeddings in the transformer's dtype; the condition stays float32."""
        moved = {
            name: tensor.to(device) if name == "condition" else tensor.to(device, dtype)
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
        return (batch, channels - MASK_CHANNELS, *size)


@torch.no_grad()
def encode(
    case: "Case",
    text_encoder: UMT5EncoderModel,
    tokenizer: PreTrainedTokenizerBase,
    vae: AutoencoderKLWan,
    sampling: Sampling,
    frames: int,
    height: int,
    width: int,
    image_encoder: "CLIPVisionModel | None" = None,
    image_processor: "CLIPImageProcessor | None" = None,
) -> Conditioning:
    """Encode a case's prompt and first frame with all encoders in memory at once; the result is on the CPU.

    See `encode_text` and `encode_first_frame`, which need not meet.
    """
    texts = (case.prompt, sampling.negative_prompt)[: 1 + sampling.guided]
    prompt_embeds, *negative = (encode_text(text, text_encoder, tokenizer, sampling) for text in texts)
    condition = encode_first_frame(case, vae, frames, height, width)
    image_embeds = None
    if image_encoder is not None:
        pipeline = _pipeline(image_encoder=image_encoder, image_processor=image_processor)
        image_embeds = pipeline.encode_image(Image.fromarray(case.first_frame), torch.device("cpu"))
    return Conditioning(prompt_embeds, condition, *negative, image_embeds=image_embeds)


def encode_texts(folder: str | Path, texts: Iterable[str], sampling: Sampling) -> dict[str, torch.Tensor]:
    """Embeddings (1, text tokens, text_dim), on the CPU, of each text by a checkpoint's text encoder.

    It (11 GB for a 14B model) is loaded on the sampling's device, and gone before this returns.
    """
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


@torch.no_grad()
def encode_first_frame(case: "Case", vae: AutoencoderKLWan, frames: int, height: int, width: int) -> torch.Tensor:
    """The condition (1, 20, F, h, w) of a case's first frame, resized to height x width if need be, on the CPU.

    The stock pipeline's own methods, so that the mode of the VAE's distribution and the mask are the same
    bits. Raises InputError if frames is not 4k + 1 or a side is not a multiple of 16.
    """
    if frames % 4 != 1:
        raise InputError(f"case {case.name}: {frames} frames; the VAE needs 4k + 1, such as {frames // 4 * 4 + 1}")
    if height % 16 or width % 16:
        raise InputError(f"case {case.name}: {height}x{width} pixels; both sides must be multiples of 16")
    pipeline = _pipeline(vae=vae)
    image = Image.fromarray(case.first_frame)
    pixels = pipeline.video_processor.preprocess(image, height=height, width=width).float()
    _, condition = pipeline.prepare_latents(
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
    return condition.cpu()


def _pipeline(**parts: Any) -> WanImageToVideoPipeline:
    """The stock pipeline with some of its parts, for the methods that use them."""
    without = dict.fromkeys(("tokenizer", "text_encoder", "vae"))
    return WanImageToVideoPipeline(**{**without, "scheduler": FlowMatchEulerDiscreteScheduler(), **parts})


def restore_first_frame(latents: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
    """latents (B, C, F, h, w) with latent frame 0 replaced by the encoded first frame, which is given.

    The causal decoder would spread a disturbed first frame over the whole video.
    """
    restored = latents.clone()
    restored[:, :, 0] = conditioning.condition[:, MASK_CHANNELS:, 0].to(latents)
    return restored
