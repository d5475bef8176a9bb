"""The LTX-Video family (LTXVideoTransformer3DModel: video alone, not LTX-2's stream of video and sound).

The first frame is latent frame 0, which stays; its tokens have timestep 0. Random weights have proved the plumbing
here, and nothing of what the released models do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..files import read_json
from .stream import Stream

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKLLTXVideo, LTXImageToVideoPipeline, LTXVideoTransformer3DModel
    from PIL.Image import Image

PIPELINES = ("LTXImageToVideoPipeline", "LTXPipeline")  # the checkpoints of one name the other, and serve both
STRIDES = (8, 32)  # frames, and pixels a side, of a latent
FRAME_RATE = 25  # of the videos, as the stock pipeline takes it: rotary positions are seconds and pixels
MASKED = -10000.0  # added to the attention of padding
POSTERIOR_SEED = 0  # the stock pipeline draws the first frame's latents from the VAE's distribution


@dataclass(frozen=True)
class LTXStream(Stream):
    """temb (B, 1 or n, 6 d) of the blocks and embedded_timestep (B, 1 or n, d) of the head; encoder_hidden_states
    (B, text tokens, d) and what is added to their attention, text_bias (B, 1, text tokens); cos and sin (B, n, d)."""

    temb: torch.Tensor
    embedded_timestep: torch.Tensor
    encoder_hidden_states: torch.Tensor
    text_bias: torch.Tensor
    cos: torch.Tensor
    sin: torch.Tensor

    conditions = ("temb", "embedded_timestep", "encoder_hidden_states", "text_bias", "cos", "sin")


class LTX:
    """See `chainofsteps.model.family.Family`."""

    name = "LTX-Video"
    parts = {
        "transformer": ("LTXVideoTransformer3DModel",),
        "vae": ("AutoencoderKLLTXVideo",),
        "text_encoder": ("T5EncoderModel",),
    }
    patch = 1

    # The folder

    def check_index(self, folder: str | Path, index: Mapping[str, Any]) -> None:
        kind = index.get("_class_name")
        if kind not in PIPELINES:
            raise InputError(f"{folder} holds a {kind}; give an LTX-Video checkpoint ({' or '.join(PIPELINES)})")

    def check(
        self, folder: str | Path, index: Mapping[str, Any], config: Mapping[str, Any], vae: Mapping[str, Any]
    ) -> None:
        channels, taken = self.latent_channels(vae), config["in_channels"]
        if taken != channels:
            raise InputError(
                f"{folder} does not fit together: its transformer takes {taken} channels and its VAE makes {channels}; "
                "copy the whole checkpoint"
            )
        patches = (config.get("patch_size_t", 1), config.get("patch_size", 1))
        if patches != (1, 1) or _strides(vae) != STRIDES:
            raise InputError(
                f"{folder} has patches of {patches} latents and latents of {_strides(vae)} frames and pixels, "
                f"not {(1, 1)} and {STRIDES}; give a checkpoint of LTX-Video as it was released"
            )

    def keeps_first_frame(self, index: Mapping[str, Any]) -> bool:
        return True

    def takes_image_embeds(self, config: Mapping[str, Any]) -> bool:
        return False

    def latent_channels(self, vae: Mapping[str, Any]) -> int:
        return vae["latent_channels"]

    def sigmas(self, folder: str | Path, steps: int, shift: float) -> torch.Tensor:
        """Stretched so that the last sigma before 0 is shift_terminal of the checkpoint's scheduler.

        The stock pipeline takes its shift from the size of the video: exp(mu), which is to be set as `shift`.
        """
        import torch

        from . import schedule

        sigmas = schedule.sigmas(steps, shift)
        terminal = read_json(Path(folder, "scheduler", "scheduler_config.json")).get("shift_terminal")
        if not terminal:
            return sigmas
        rest = 1 - sigmas[:-1].numpy()  # numpy's rounding, as the scheduler has it
        return torch.cat([torch.from_numpy(1 - rest / (rest[-1] / (1 - terminal))), torch.zeros(1)])

    # The stream

    def blocks(self, model: LTXVideoTransformer3DModel) -> torch.nn.ModuleList:
        return model.transformer_blocks

    def embed(
        self,
        model: LTXVideoTransformer3DModel,
        latents_in: torch.Tensor,
        timestep: torch.Tensor,
        prompt_embeds: torch.Tensor,
        prompt_attention_mask: torch.Tensor,
    ) -> LTXStream:
        """prompt_embeds (B, text tokens, caption_channels); prompt_attention_mask (B, text tokens), 0 for padding."""
        batch, grid = len(latents_in), tuple(latents_in.shape[2:])
        tokens = latents_in.flatten(2).transpose(1, 2).contiguous()
        scale = (STRIDES[0] / FRAME_RATE, STRIDES[1], STRIDES[1])
        cos, sin = model.rope(tokens, *grid, scale)
        text_bias = (1 - prompt_attention_mask.to(tokens.dtype)).unsqueeze(1) * MASKED
        hidden_states = model.proj_in(tokens)
        temb, embedded_timestep = (
            part.view(batch, -1, part.shape[-1])
            for part in model.time_embed(timestep.flatten(), batch_size=batch, hidden_dtype=hidden_states.dtype)
        )
        text = model.caption_projection(prompt_embeds).view(batch, -1, hidden_states.shape[-1])
        return LTXStream(hidden_states, grid, temb, embedded_timestep, text, text_bias, cos, sin)

    def run_block(self, block: torch.nn.Module, hidden_states: torch.Tensor, stream: LTXStream) -> torch.Tensor:
        return block(
            hidden_states=hidden_states,
            encoder_hidden_states=stream.encoder_hidden_states,
            temb=stream.temb,
            image_rotary_emb=(stream.cos, stream.sin),
            encoder_attention_mask=stream.text_bias,
        )

    def head(self, model: LTXVideoTransformer3DModel, stream: LTXStream) -> torch.Tensor:
        table = model.scale_shift_table.to(stream.embedded_timestep.device)
        shift, scale = (table[None, None] + stream.embedded_timestep[:, :, None]).unbind(2)
        tokens = model.proj_out(model.norm_out(stream.hidden_states) * (1 + scale) + shift)
        return tokens.transpose(1, 2).unflatten(2, stream.grid).contiguous()

    # The conditioning

    def only_text_tokens(self, config: Mapping[str, Any]) -> int | None:
        return None

    def cleaned(self, text: str) -> str:
        return text

    def encode_text(self, text: str, text_encoder: Any, tokenizer: Any, text_tokens: int) -> dict[str, torch.Tensor]:
        pipeline = _pipeline(text_encoder=text_encoder, tokenizer=tokenizer)
        prompt_embeds, mask, *_ = pipeline.encode_prompt(
            text,
            do_classifier_free_guidance=False,
            max_sequence_length=text_tokens,
            device=text_encoder.device,
        )
        return {"prompt_embeds": prompt_embeds.cpu(), "prompt_attention_mask": mask.cpu()}

    def encode_image(self, image: Image, image_encoder: Any, image_processor: Any) -> torch.Tensor:
        raise InputError("LTX-Video takes no image embeddings; leave the image encoder out")

    def encode_first_frame(
        self, image: Image, vae: AutoencoderKLLTXVideo, frames: int, height: int, width: int, keeps_first_frame: bool
    ) -> dict[str, torch.Tensor]:
        """The stock pipeline's own method; the draw from the VAE's distribution is the same for every case."""
        import torch

        pipeline = _pipeline(vae=vae)
        pixels = pipeline.video_processor.preprocess(image, height=height, width=width).to(vae.device, vae.dtype)
        frame, _ = pipeline.prepare_latents(
            pixels,
            num_channels_latents=vae.config.latent_channels,
            height=height,
            width=width,
            num_frames=1,
            dtype=torch.float32,
            device=vae.device,
            generator=torch.Generator("cpu").manual_seed(POSTERIOR_SEED),
        )
        of_frame, of_pixel = self.strides(vae)
        sides = (height // of_pixel, width // of_pixel)
        mask = torch.ones(1, 1, (frames - 1) // of_frame + 1, *sides, device=vae.device)
        mask[:, :, 0] = 0
        return {
            "condition": frame.transpose(1, 2).unflatten(2, (1, *sides)).contiguous(),
            "first_frame_mask": mask,
        }

    # The VAE

    def strides(self, vae: AutoencoderKLLTXVideo) -> tuple[int, int]:
        return vae.temporal_compression_ratio, vae.spatial_compression_ratio

    def encode(self, vae: AutoencoderKLLTXVideo, pixels: torch.Tensor) -> torch.Tensor:
        latents = vae.encode(pixels).latent_dist.mode()
        return _pipeline()._normalize_latents(latents, vae.latents_mean, vae.latents_std)

    def decode(self, vae: AutoencoderKLLTXVideo, latents: torch.Tensor) -> torch.Tensor:
        """At timestep 0, the stock pipeline's default, where the VAE takes one."""
        moments = (vae.latents_mean, vae.latents_std, vae.config.scaling_factor)
        latents = _pipeline()._denormalize_latents(latents, *moments)
        timestep = latents.new_zeros(len(latents)) if vae.config.timestep_conditioning else None
        return vae.decode(latents, timestep, return_dict=False)[0]


def _strides(vae: Mapping[str, Any]) -> tuple[int, int]:
    """Frames, and pixels a side, of a latent, of the VAE's config.json."""
    halvings = 2 ** sum(vae["spatio_temporal_scaling"])
    of_frame = vae.get("temporal_compression_ratio") or vae["patch_size_t"] * halvings
    of_pixel = vae.get("spatial_compression_ratio") or vae["patch_size"] * halvings
    return of_frame, of_pixel


def _pipeline(**parts: Any) -> LTXImageToVideoPipeline:
    """The stock pipeline with some of its parts, for the methods that use them."""
    from diffusers import FlowMatchEulerDiscreteScheduler, LTXImageToVideoPipeline

    without = dict.fromkeys(("tokenizer", "text_encoder", "vae", "transformer"))
    return LTXImageToVideoPipeline(**{**without, "scheduler": FlowMatchEulerDiscreteScheduler(), **parts})
