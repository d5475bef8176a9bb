"""A tiny LTX-Video checkpoint with random weights, as a complete diffusers folder: of the second family.

Three layers, 64x128 pixels, 17 frames, latents (8, 3, 2, 4): 8x in time, 32x in space, as the released models. Random
weights prove the plumbing and nothing else.
"""

from pathlib import Path

import numpy as np
import tiny
import torch
from diffusers import (
    AutoencoderKLLTXVideo,
    FlowMatchEulerDiscreteScheduler,
    LTXImageToVideoPipeline,
    LTXVideoTransformer3DModel,
)
from PIL import Image
from transformers import T5Config, T5EncoderModel

from chainofsteps.model.conditioning import Conditioning, encode
from chainofsteps.model.load import Experts, load_text_encoder, load_vae
from chainofsteps.run.denoise import GuidedVelocity

FRAMES, HEIGHT, WIDTH = 17, 64, 128
LATENTS_SHAPE = (1, 8, 3, 2, 4)
LAYERS, CHANNELS, TOKENS = 3, 32, 24
TERMINAL = 0.1
SHIFTING = {  # of the released scheduler
    "use_dynamic_shifting": True,
    "base_shift": 0.95,
    "max_shift": 2.05,
    "base_image_seq_len": 1024,
    "max_image_seq_len": 4096,
}


def transformer(seed: int, **config) -> LTXVideoTransformer3DModel:
    torch.manual_seed(seed)
    model = LTXVideoTransformer3DModel(
        in_channels=LATENTS_SHAPE[1],
        out_channels=LATENTS_SHAPE[1],
        num_attention_heads=2,
        attention_head_dim=CHANNELS // 2,
        cross_attention_dim=CHANNELS,
        num_layers=LAYERS,
        caption_channels=tiny.TEXT_DIM,
        **config,
    )
    return model.eval().requires_grad_(False)


def vae(timestep_conditioning: bool = False) -> AutoencoderKLLTXVideo:
    torch.manual_seed(1)
    widths = {"block_out_channels": (8, 8, 8, 8), "decoder_block_out_channels": (8, 8, 8, 8)}
    model = AutoencoderKLLTXVideo(
        latent_channels=LATENTS_SHAPE[1],
        layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 5,
        timestep_conditioning=timestep_conditioning,
        **widths,
    )
    spread = torch.linspace(-1, 1, LATENTS_SHAPE[1])
    model.latents_mean.copy_(spread / 10)
    model.latents_std.copy_(1 + spread / 3)
    return model.eval()


def text_encoder() -> T5EncoderModel:
    torch.manual_seed(2)
    sizes = {"d_model": tiny.TEXT_DIM, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    return T5EncoderModel(T5Config(vocab_size=len(tiny.WORDS) + 3, dropout_rate=0.0, **sizes)).eval()


def build(folder: Path, timestep_conditioning: bool = False) -> Path:
    """Save the checkpoint as a diffusers folder and return it."""
    LTXImageToVideoPipeline(
        tokenizer=tiny.tokenizer(),
        text_encoder=text_encoder(),
        vae=vae(timestep_conditioning),
        scheduler=FlowMatchEulerDiscreteScheduler(shift_terminal=TERMINAL, **SHIFTING),
        transformer=transformer(3),
    ).save_pretrained(folder)
    return folder


def conditioning(folder: Path, settings: tiny.Sampling) -> Conditioning:
    encoders = (*load_text_encoder(folder), load_vae(folder))
    return encode(tiny.TinyCase(), *encoders, settings, FRAMES, HEIGHT, WIDTH, keeps_first_frame=True)


def guided_velocity(folder: Path, settings: tiny.Sampling, **options) -> GuidedVelocity:
    experts = Experts(folder, settings)
    return GuidedVelocity(experts, conditioning(folder, settings), experts.sigmas(), settings, **options)


def stock(folder: Path, settings: tiny.Sampling, scheduler, output_type: str, seed: int = 0):
    """(frames, latents (1, C, F, h, w) after every step) of the stock pipeline from the image and the prompt alone."""
    pipeline = LTXImageToVideoPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler, latents = scheduler or pipeline.scheduler, []

    def keep(_pipeline, _step, _timestep, state):
        tokens = state["latents"]
        latents.append(tokens.transpose(1, 2).unflatten(2, LATENTS_SHAPE[2:]))
        return {}

    output = pipeline(
        image=Image.fromarray(tiny.TinyCase().first_frame),
        prompt=tiny.TinyCase().prompt,
        negative_prompt=settings.negative_prompt,
        height=HEIGHT,
        width=WIDTH,
        num_frames=FRAMES,
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance_scale,
        max_sequence_length=settings.max_sequence_length,
        generator=torch.Generator().manual_seed(seed),
        output_type=output_type,
        callback_on_step_end=keep,
    )
    return np.asarray(output.frames[0] if output_type == "np" else output.frames), latents


def noise_of(seed: int) -> torch.Tensor:
    """The noise (1, C, F, h, w) that the stock pipeline draws from a generator, after that of the first frame."""
    source = torch.Generator().manual_seed(seed)
    channels, _, *sides = LATENTS_SHAPE[1:]
    torch.randn(1, channels, 1, *sides, generator=source)
    return torch.randn(LATENTS_SHAPE, generator=source)
