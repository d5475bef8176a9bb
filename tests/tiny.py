"""Tiny Wan checkpoints with random weights, as complete diffusers folders.

Two layers, 64x64 pixels, 17 frames, latents (16, 5, 8, 8): 4x in time, 8x in space, as the embedded model.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    WanImageToVideoPipeline,
    WanTransformer3DModel,
)
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import T5TokenizerFast, UMT5Config, UMT5EncoderModel

from chainofsteps import schedule
from chainofsteps.conditioning import Conditioning, encode
from chainofsteps.denoise import GuidedVelocity
from chainofsteps.models import Experts, load_text_encoder, load_vae
from chainofsteps.settings import Sampling

FRAMES, HEIGHT, WIDTH = 17, 64, 64
LATENTS_SHAPE = (1, 16, 5, 8, 8)
LAYERS, TEXT_TOKENS, TEXT_DIM = 2, 24, 16
BOUNDARY = 0.8
WORDS = ["move", "the", "red", "square", "to", "goal", "find", "a", "blue", "ring", "."]


@dataclass(frozen=True)
class TinyCase:
    """What `encode` reads of a case."""

    name: str = "00000"
    prompt: str = "move the red square  to the goal &amp; find a ring ."
    first_frame: np.ndarray = field(
        default_factory=lambda: np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    )


def transformer(seed: int, layers: int = LAYERS, **config) -> WanTransformer3DModel:
    torch.manual_seed(seed)
    model = WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=36,
        out_channels=16,
        text_dim=TEXT_DIM,
        freq_dim=16,
        ffn_dim=32,
        num_layers=layers,
        rope_max_seq_len=32,
        **config,
    )
    return model.eval().requires_grad_(False)


def vae() -> AutoencoderKLWan:
    torch.manual_seed(1)
    spread = torch.linspace(-1, 1, 16)
    return AutoencoderKLWan(
        base_dim=4,
        z_dim=16,
        dim_mult=[1, 2, 4],
        num_res_blocks=1,
        temperal_downsample=[True, True],
        patch_size=2,
        in_channels=12,
        out_channels=12,
        scale_factor_temporal=4,
        scale_factor_spatial=8,
        latents_mean=(spread / 10).tolist(),
        latents_std=(1 + spread / 3).tolist(),
    ).eval()


def tokenizer() -> T5TokenizerFast:
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [("▁" + word, -1.0) for word in WORDS]
    backend = Tokenizer(models.Unigram(vocabulary, unk_id=2))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return T5TokenizerFast(tokenizer_object=backend, extra_ids=0)


def text_encoder() -> UMT5EncoderModel:
    torch.manual_seed(2)
    config = UMT5Config(
        vocab_size=len(WORDS) + 3,
        d_model=TEXT_DIM,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        dropout_rate=0.0,
    )
    return UMT5EncoderModel(config).eval()


def stock(folder: Path, sampling, case, output_type: str, **given):
    """The stock pipeline's (output, latents before every step and final) with explicit sigmas."""
    dtypes = {"default": sampling.torch_dtype, "vae": torch.float32}  # whatever the files hold
    pipeline = WanImageToVideoPipeline.from_pretrained(folder, dtype=dtypes)
    pipeline.set_progress_bar_config(disable=True)
    set_timesteps = pipeline.scheduler.set_timesteps
    explicit = np.linspace(1, 1 / sampling.steps, sampling.steps)
    pipeline.scheduler.set_timesteps = lambda _, device: set_timesteps(sigmas=explicit, device=device)
    latents = []

    def keep(_pipeline, _step, _timestep, state):
        latents.append(state["latents"])
        return {}

    output = pipeline(
        image=Image.fromarray(case.first_frame),
        prompt=case.prompt,
        negative_prompt=sampling.negative_prompt,
        height=HEIGHT,
        width=WIDTH,
        num_frames=FRAMES,
        num_inference_steps=sampling.steps,
        guidance_scale=sampling.guidance_scale,
        max_sequence_length=sampling.max_sequence_length,
        output_type=output_type,
        callback_on_step_end=keep,
        **given,
    )
    return output.frames, latents


def build(folder: Path, experts: int, dtype: torch.dtype = torch.float32) -> Path:
    """Save a checkpoint with one or two experts as a diffusers folder and return it. dtype: of the files."""
    pipeline = WanImageToVideoPipeline(
        tokenizer=tokenizer(),
        text_encoder=text_encoder(),
        vae=vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        transformer=transformer(3),
        transformer_2=transformer(4) if experts == 2 else None,
        boundary_ratio=BOUNDARY if experts == 2 else None,
    )
    pipeline.to(dtype).save_pretrained(folder)
    return folder


def sampling(**settings) -> Sampling:
    """Few steps, on the CPU."""
    base = {"steps": 5, "shift": 3.0, "max_sequence_length": TEXT_TOKENS, "device": "cpu"}
    return Sampling(**{**base, **settings})


def conditioning(folder: Path, settings: Sampling, case: TinyCase | None = None) -> Conditioning:
    """A case's conditioning by the checkpoint's own encoders."""
    encoders = (*load_text_encoder(folder), load_vae(folder))
    return encode(case or TinyCase(), *encoders, settings, FRAMES, HEIGHT, WIDTH)


def guided_velocity(folder: Path, settings: Sampling, **options) -> GuidedVelocity:
    """The velocity of a checkpoint for TinyCase."""
    sigmas = schedule.sigmas(settings.steps, settings.shift)
    return GuidedVelocity(Experts(folder, settings), conditioning(folder, settings), sigmas, settings, **options)
