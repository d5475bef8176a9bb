"""The Wan family of image-to-video models: Wan 2.1 and 2.2 I2V, and TI2V 5B.

torch and diffusers take seconds to import: they are imported where a tensor or a network is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .sizes import PATCH
from .stream import Stream

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKLWan, WanImageToVideoPipeline, WanTransformer3DModel
    from PIL.Image import Image

PIPELINE = "WanImageToVideoPipeline"
PIPELINE_OF_BOTH = "WanPipeline"  # named by TI2V 5B, which makes videos of text alone too
IMAGE_TEXT_TOKENS = 512  # the stock attention takes what is over 512 tokens for those of the image
MASK_CHANNELS = 4  # of the conditioning: one per video frame of a latent frame


@dataclass(frozen=True)
class WanStream(Stream):
    """temb (B, d) and timestep_proj (B, 6, d), or (B, n, d) and (B, n, 6, d) with per-token timesteps;
    encoder_hidden_states (B, text tokens, d); rotary_emb (cos, sin)."""

    temb: torch.Tensor
    timestep_proj: torch.Tensor
    encoder_hidden_states: torch.Tensor
    rotary_emb: tuple[torch.Tensor, torch.Tensor]

    conditions = ("temb", "timestep_proj", "encoder_hidden_states")


class Wan:
    """See `chainofsteps.model.family.Family`."""

    name = "Wan"
    parts = {
        "transformer": ("WanTransformer3DModel",),
        "transformer_2": ("WanTransformer3DModel",),
        "vae": ("AutoencoderKLWan",),
        "text_encoder": ("UMT5EncoderModel",),
        "image_encoder": ("CLIPVisionModel", "CLIPVisionModelWithProjection"),
    }
    patch = PATCH

    # The folder

    def check_index(self, folder: str | Path, index: Mapping[str, Any]) -> None:
        kind = index.get("_class_name")
        if kind != PIPELINE and not (kind == PIPELINE_OF_BOTH and index.get("expand_timesteps")):
            raise InputError(f"{folder} holds a {kind}; give a Wan image-to-video checkpoint ({PIPELINE})")

    def check(
        self, folder: str | Path, index: Mapping[str, Any], config: Mapping[str, Any], vae: Mapping[str, Any]
    ) -> None:
        channels = self.latent_channels(vae)
        wanted = channels if self.keeps_first_frame(index) else 2 * channels + MASK_CHANNELS
        if config["in_channels"] != wanted:
            raise InputError(
                f"{folder} is not image-to-video: its transformer takes {config['in_channels']} channels, "
                f"not {wanted}; give a Wan I2V checkpoint"
            )
        if config.get("pos_embed_seq_len") is not None:
            raise InputError(
                f"{folder} is given the last frame too (FLF2V), and there is none; give a Wan I2V checkpoint"
            )

    def keeps_first_frame(self, index: Mapping[str, Any]) -> bool:
        return bool(index.get("expand_timesteps"))

    def takes_image_embeds(self, config: Mapping[str, Any]) -> bool:
        return config.get("image_dim") is not None

    def latent_channels(self, vae: Mapping[str, Any]) -> int:
        return vae["z_dim"]

    def sigmas(self, folder: str | Path, steps: int, shift: float) -> torch.Tensor:
        from . import schedule

        return schedule.sigmas(steps, shift)

    # The stream

    def blocks(self, model: WanTransformer3DModel) -> torch.nn.ModuleList:
        return model.blocks

    def embed(
        self,
        model: WanTransformer3DModel,
        latents_in: torch.Tensor,
        timestep: torch.Tensor,
        prompt_embeds: torch.Tensor,
        image_embeds: torch.Tensor | None = None,
    ) -> WanStream:
        """prompt_embeds (B, text tokens, text_dim); image_embeds (B, image tokens, image_dim) for models that take
        them. Raises InputError if the model wants image_embeds and has none, or the other way round, or cannot tell
        the text from them.
        """
        import torch

        if (image_embeds is None) != (model.config.image_dim is None):
            wanted = "does not take" if model.config.image_dim is None else "needs"
            raise InputError(f"the model {wanted} image_embeds; encode the case again with its own checkpoint")
        if image_embeds is not None and prompt_embeds.shape[1] != IMAGE_TEXT_TOKENS:
            raise InputError(
                f"beside image_embeds the model takes {IMAGE_TEXT_TOKENS} text tokens, not {prompt_embeds.shape[1]}; "
                f"set max_sequence_length to {IMAGE_TEXT_TOKENS}"
            )
        grid = tuple(size // patch for size, patch in zip(latents_in.shape[2:], model.config.patch_size, strict=True))
        rotary_emb = model.rope(latents_in)
        hidden_states = model.patch_embedding(latents_in).flatten(2).transpose(1, 2).contiguous()
        per_token = timestep.shape[1] if timestep.ndim == 2 else None
        temb, timestep_proj, text, image = model.condition_embedder(
            timestep.flatten(), prompt_embeds, image_embeds, timestep_seq_len=per_token
        )
        if image is not None:
            text = torch.cat([image, text], dim=1)
        return WanStream(hidden_states, grid, temb, timestep_proj.unflatten(-1, (6, -1)), text, rotary_emb)

    def run_block(self, block: torch.nn.Module, hidden_states: torch.Tensor, stream: WanStream) -> torch.Tensor:
        # Called exactly as the stock forward calls it: one compiled graph serves both.
        return block(hidden_states, stream.encoder_hidden_states, stream.timestep_proj, stream.rotary_emb)

    def head(self, model: WanTransformer3DModel, stream: WanStream) -> torch.Tensor:
        # (2, d) table + (B, d) or (B, n, d) time embedding, split into shift and scale of the output norm.
        modulation = model.scale_shift_table.to(stream.temb.device) + stream.temb.unsqueeze(-2)
        shift, scale = (part.to(stream.hidden_states.device) for part in modulation.unbind(-2))
        if stream.temb.ndim == 2:
            shift, scale = shift.unsqueeze(1), scale.unsqueeze(1)
        hidden_states = stream.hidden_states
        normed = (model.norm_out(hidden_states.float()) * (1 + scale) + shift).type_as(hidden_states)
        patches = model.proj_out(normed)
        patches = patches.reshape(patches.shape[0], *stream.grid, *model.config.patch_size, -1)
        # (B, F, H, W, p_t, p_h, p_w, C) -> (B, C, F p_t, H p_h, W p_w)
        return patches.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)

    # The conditioning

    def only_text_tokens(self, config: Mapping[str, Any]) -> int | None:
        return IMAGE_TEXT_TOKENS if self.takes_image_embeds(config) else None

    def cleaned(self, text: str) -> str:
        from diffusers.pipelines.wan.pipeline_wan_i2v import prompt_clean

        return prompt_clean(text)

    def encode_text(self, text: str, text_encoder: Any, tokenizer: Any, text_tokens: int) -> dict[str, torch.Tensor]:
        """The stock pipeline's own method, so that the cleaning and the zero padding are the same bits."""
        import torch

        prompt_embeds, _ = _pipeline(text_encoder=text_encoder, tokenizer=tokenizer).encode_prompt(
            text,
            do_classifier_free_guidance=False,
            max_sequence_length=text_tokens,
            device=torch.device("cpu"),
        )
        return {"prompt_embeds": prompt_embeds}

    def encode_image(self, image: Image, image_encoder: Any, image_processor: Any) -> torch.Tensor:
        """The stock pipeline's own method: of the layer before the last, with the image resized and cut as CLIP wants
        it."""
        import torch

        pipeline = _pipeline(image_encoder=image_encoder, image_processor=image_processor)
        return pipeline.encode_image(image, torch.device("cpu"))

    def encode_first_frame(
        self, image: Image, vae: AutoencoderKLWan, frames: int, height: int, width: int, keeps_first_frame: bool
    ) -> dict[str, torch.Tensor]:
        """The stock pipeline's own methods, so that the mode of the VAE's distribution and the mask are the same
        bits."""
        import torch

        pipeline = _pipeline(vae=vae, expand_timesteps=keeps_first_frame)
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
        return dict(zip(names, prepared, strict=True))

    # The VAE

    def strides(self, vae: AutoencoderKLWan) -> tuple[int, int]:
        return vae.config.scale_factor_temporal, vae.config.scale_factor_spatial

    def encode(self, vae: AutoencoderKLWan, pixels: torch.Tensor) -> torch.Tensor:
        mean, std = self._moments(vae)
        return (vae.encode(pixels).latent_dist.mode() - mean) / std

    def decode(self, vae: AutoencoderKLWan, latents: torch.Tensor) -> torch.Tensor:
        mean, std = self._moments(vae)
        # 1 / std and then division, not a product with std: the stock pipeline's rounding.
        return vae.decode(latents / (1.0 / std) + mean, return_dict=False)[0]

    def _moments(self, vae: AutoencoderKLWan) -> list[torch.Tensor]:
        """Mean and standard deviation of the latents, (1, C, 1, 1, 1) each."""
        import torch

        shape = (1, vae.config.z_dim, 1, 1, 1)
        return [
            torch.tensor(values, device=vae.device, dtype=vae.dtype).view(shape)
            for values in (vae.config.latents_mean, vae.config.latents_std)
        ]


def _pipeline(**parts: Any) -> WanImageToVideoPipeline:
    """The stock pipeline with some of its parts, for the methods that use them."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanImageToVideoPipeline

    without = dict.fromkeys(("tokenizer", "text_encoder", "vae"))
    return WanImageToVideoPipeline(**{**without, "scheduler": FlowMatchEulerDiscreteScheduler(), **parts})
