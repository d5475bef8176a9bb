"""Tiny Wan checkpoints with random weights, as complete diffusers folders, of every kind there is.

Two layers, 64x64 pixels, 17 frames, latents (16, 5, 8, 8): 4x in time, 8x in space, as the embedded model. Kinds are
named by the checkpoints whose folders and keys they have: wan2.2-i2v (one expert or two), wan2.1-i2v (the first frame
through CLIP too) and wan2.2-ti2v (a first frame that stays, latents (48, 5, 4, 4)).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    T5TokenizerFast,
    UMT5Config,
    UMT5EncoderModel,
)

from chainofsteps.model import schedule
from chainofsteps.model.checkpoint import SUBFOLDERS, keeps_first_frame, takes_image_embeds
from chainofsteps.model.conditioning import Conditioning, encode
from chainofsteps.model.load import Experts, load_image_encoder, load_text_encoder, load_vae
from chainofsteps.model.lora import fuse
from chainofsteps.model.sampling import Sampling
from chainofsteps.run.denoise import GuidedVelocity

FRAMES, HEIGHT, WIDTH = 17, 64, 64
LATENTS_SHAPE = (1, 16, 5, 8, 8)
LAYERS, TEXT_TOKENS, TEXT_DIM, IMAGE_DIM = 2, 24, 16, 20
BOUNDARY = 0.8
OF_IMAGE = {"image_dim": IMAGE_DIM, "added_kv_proj_dim": 24}  # of a transformer of wan2.1-i2v
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
    sizes = {"in_channels": 36, "out_channels": 16, "ffn_dim": 32, **config}
    model = WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        text_dim=TEXT_DIM,
        freq_dim=16,
        num_layers=layers,
        rope_max_seq_len=32,
        **sizes,
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


def residual_vae() -> AutoencoderKLWan:
    """As that of TI2V 5B: 48 channels, 16x in space, patches of pixels and residual blocks."""
    torch.manual_seed(1)
    spread = torch.linspace(-1, 1, 48)
    return AutoencoderKLWan(
        base_dim=4,
        decoder_base_dim=4,
        z_dim=48,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        is_residual=True,
        patch_size=2,
        in_channels=12,
        out_channels=12,
        scale_factor_temporal=4,
        scale_factor_spatial=16,
        latents_mean=(spread / 10).tolist(),
        latents_std=(1 + spread / 3).tolist(),
    ).eval()


def image_encoder() -> tuple[CLIPVisionModelWithProjection, CLIPImageProcessorPil]:
    """Of four patches and the class token, with the projection that the folders of Wan 2.1 have and nothing uses."""
    torch.manual_seed(6)
    config = CLIPVisionConfig(
        hidden_size=IMAGE_DIM,
        intermediate_size=32,
        projection_dim=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
    )
    size = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    return CLIPVisionModelWithProjection(config).eval(), CLIPImageProcessorPil(**size)


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


def stock(folder: Path, sampling, case, output_type: str, adapters: dict | None = None, **given):
    """The stock pipeline's (output, latents after every step) with explicit sigmas, perhaps with adapters."""
    in_float32 = dict.fromkeys(("vae", "image_encoder"), torch.float32)  # whatever the files hold
    dtypes = {"default": sampling.torch_dtype, **in_float32}
    pipeline = WanImageToVideoPipeline.from_pretrained(folder, dtype=dtypes)
    pipeline.set_progress_bar_config(disable=True)
    for expert, adapter in (adapters or {}).items():
        fuse(getattr(pipeline, SUBFOLDERS[expert]), adapter)
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


def build(folder: Path, experts: int = 1, dtype: torch.dtype = torch.float32, kind: str = "wan2.2-i2v") -> Path:
    """Save a checkpoint of a kind as a diffusers folder and return it. dtype: of the files."""
    parts = {
        "tokenizer": tokenizer(),
        "text_encoder": text_encoder(),
        "vae": vae(),
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=3.0),
        "transformer": transformer(3),
    }
    if kind == "wan2.2-ti2v":
        parts |= {"vae": residual_vae(), "transformer": transformer(3, in_channels=48, out_channels=48)}
        pipeline = WanPipeline(**parts, expand_timesteps=True)  # the class that its own index names
    elif kind == "wan2.1-i2v":
        parts["transformer"] = transformer(3, **OF_IMAGE)
        parts["image_encoder"], parts["image_processor"] = image_encoder()
        pipeline = WanImageToVideoPipeline(**parts)
    else:
        two = {"transformer_2": transformer(4), "boundary_ratio": BOUNDARY} if experts == 2 else {}
        pipeline = WanImageToVideoPipeline(**parts, **two)
    pipeline.to(dtype).save_pretrained(folder)
    index = (folder / "model_index.json").read_text()  # the names of the hub's: the classes of pillow came later
    (folder / "model_index.json").write_text(index.replace("CLIPImageProcessorPil", "CLIPImageProcessor"))
    return folder


WAN_NAMES = {"attn1": "self_attn", "attn2": "cross_attn", "to_out.0": "o", "net.0.proj": "0", "net.2": "2"}
WAN_NAMES |= {"add_k_proj": "k_img", "add_v_proj": "v_img", "to_q": "q", "to_k": "k", "to_v": "v"}
RANK, LORA_ALPHA = 4, 2.0  # alpha where the style has one in the file


def as_wan_names(layer: str) -> str:
    """The name that Wan's own code gives to a layer of a block."""
    for ours, theirs in WAN_NAMES.items():
        layer = layer.replace(ours, theirs)
    return layer


def adapter(path: Path, model: WanTransformer3DModel, style: str, seed: int = 0) -> Path:
    """Save a LoRA of all linear layers of the blocks, which changes much, and return its path.

    style: the keys as "diffusers" writes them, as "diffsynth" does, as those of "wan" itself, with alphas and changes
    of the biases, or as "musubi" does, with alphas.
    """
    generator, tensors = torch.Generator().manual_seed(seed), {}
    for name, layer in model.named_modules():
        if not (name.startswith("blocks.") and isinstance(layer, torch.nn.Linear)):
            continue
        out, inner = layer.weight.shape
        down, up = torch.randn(RANK, inner, generator=generator) / 4, torch.randn(out, RANK, generator=generator) / 4
        of_wan = as_wan_names(name)
        if style == "diffusers":
            tensors |= {f"transformer.{name}.lora_A.weight": down, f"transformer.{name}.lora_B.weight": up}
        elif style == "diffsynth":
            tensors |= {f"{of_wan}.lora_A.default.weight": down, f"{of_wan}.lora_B.default.weight": up}
        else:
            key = f"diffusion_model.{of_wan}" if style == "wan" else f"lora_unet_{of_wan.replace('.', '_')}"
            tensors |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up}
            tensors[f"{key}.alpha"] = torch.tensor(LORA_ALPHA)
            if style == "wan":
                tensors[f"{key}.diff_b"] = torch.randn(out, generator=generator)
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, path)
    return path


def sampling(**settings) -> Sampling:
    """Few steps, on the CPU."""
    base = {"steps": 5, "shift": 3.0, "max_sequence_length": TEXT_TOKENS, "device": "cpu"}
    return Sampling(**{**base, **settings})


def conditioning(folder: Path, settings: Sampling, case: TinyCase | None = None) -> Conditioning:
    """A case's conditioning by the checkpoint's own encoders."""
    encoders = (*load_text_encoder(folder), load_vae(folder))
    of_image = load_image_encoder(folder) if takes_image_embeds(folder) else (None, None)
    size = (FRAMES, HEIGHT, WIDTH)
    return encode(case or TinyCase(), *encoders, settings, *size, *of_image, keeps_first_frame(folder))


def guided_velocity(folder: Path, settings: Sampling, adapters: dict | None = None, **options) -> GuidedVelocity:
    """The velocity of a checkpoint, perhaps with adapters, for TinyCase."""
    sigmas, experts = schedule.sigmas(settings.steps, settings.shift), Experts(folder, settings, adapters)
    return GuidedVelocity(experts, conditioning(folder, settings), sigmas, settings, **options)
