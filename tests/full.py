"""The published models in their real sizes on a GPU that computes nothing (gpu.py), and the jobs that run them.

Networks are made on the meta device from their configurations; what earlier jobs would have stored is made up on the
host. The jobs are the functions that the scripts call, with what the rules hand them.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import tiny
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    UMT5Config,
    UMT5EncoderModel,
)

from chainofsteps.config.read import load_config
from chainofsteps.model import load
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.sampling import Sampling
from chainofsteps.plan.cases import Cases
from chainofsteps.plan.jobs import Job
from chainofsteps.plan.model import model_of
from chainofsteps.probes.network import Network
from chainofsteps.probes.settings import DENOISING, sampling_of
from chainofsteps.store.pieces import Piece, stretches

ROOT = Path(__file__).parents[1]
TASK, STEPS, SEEDS = "object_sets", 3, (1, 2, 3)
IMAGE_TO_VIDEO = {"in_channels": 36, "ffn_dim": 13824}  # all else of 14B is diffusers' default
KEEPS_FRAME = {"num_attention_heads": 24, "in_channels": 48, "out_channels": 48, "ffn_dim": 14336}
OF_CLIP = {"image_dim": 1280, "added_kv_proj_dim": 5120}
VAE_5B = {  # as vae/config.json of Wan2.2-TI2V-5B-Diffusers
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "patch_size": 2,
    "in_channels": 12,
    "out_channels": 12,
    "dim_mult": [1, 2, 4, 4],
    "temperal_downsample": [False, True, True],
    "scale_factor_spatial": 16,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}
MODELS = {  # (transformer, VAE, experts, size and frames)
    "wan2.2-i2v-a14b": (IMAGE_TO_VIDEO, {}, 2, "832x480", 81),
    "wan2.2-ti2v-5b": (KEEPS_FRAME, VAE_5B, 1, "1280x704", 121),
    "wan2.1-i2v-14b-720p": (IMAGE_TO_VIDEO | OF_CLIP, {}, 1, "832x480", 81),
}


@cache
def network_of(name, layers):
    """A transformer in bfloat16 but for the parts that diffusers keeps in float32, as it loads it."""
    with torch.device("meta"):
        network = WanTransformer3DModel(num_layers=layers, **MODELS[name][0]).bfloat16()
    for part, module in network.named_modules():
        if {*part.split(".")} & {*network._keep_in_fp32_modules}:
            module.float()
    for part in network._keep_in_fp32_modules:  # a parameter, of the network and of its blocks
        for owner in network.modules():
            if part in owner._parameters:
                owner._parameters[part].data = owner._parameters[part].data.float()
    return network.eval().requires_grad_(False)


@cache
def vae_of(name, dtype="float32", tiling=False):
    with torch.device("meta"):
        vae = AutoencoderKLWan(**MODELS[name][1]).to(getattr(torch, dtype)).eval().requires_grad_(False)
    return load.tiled(vae) if tiling else vae


class Reader:
    """A finished shard in memory, read as the files are."""

    def __init__(self, items, settings=None, rows=None):
        self.items, self.settings, self._rows = items, settings or {}, rows
        self.cases, self.identities = list(items), {name: name for name in items}
        self.manifest = {"settings": self.settings, "settings_hash": "", "sampling": {}, "attention_backend": ""}

    def load(self, name):
        return dict(self.items[name]), {}

    def rows(self, _name):
        return self._rows

    path = Path


class Full:
    """A model of so many layers with the stored results of two cases that share their first frame.

    change: of the configuration; `model` in it: of the model's entry. The job is what `Network.of` and others read.
    """

    def __init__(self, name, folder, layers, change=None, size=None, frames=None):
        transformer, vae, experts, own_size, own_frames = MODELS[name]
        cases = {"size": size or own_size, "frames": frames or own_frames, "number": 2, "number_elsewhere": 2}
        own = {"steps": STEPS}
        overlaid = {"frames": {"counts": [5]}, "few_steps": {"steps": [2]}, **(change or {})}
        overlaid["swap"] = {"number": 2, **overlaid.get("swap", {})}
        self.name, self.layers, self.folder = name, layers, _checkpoint(folder, name, layers)
        shown = {"figure": "fig1", "panel": "a", "puzzle": TASK, "case": "00000", "seed": 1, "steps": [0, 2]}
        own |= overlaid.pop("model", {})
        overlaid |= {"cases": {**cases, "tasks": [TASK]}, "panels": [{**shown, "frames": [0, 4]}]}
        self.config = load_config(ROOT / "config.yaml", model=name, models={name: own}, **overlaid)
        self.config["models"][name]["device"] = "meta"  # which no configuration may ask for
        self.model = replace(model_of(self.config, name), layers=layers)
        self.conditioning = {case: self._conditioned(index) for index, case in enumerate(("00000", "00001"))}
        self.shape = self.conditioning["00000"].latents_shape
        self.sampling = sampling_of(self.config, name, *DENOISING, "batch_size")

    @property
    def video(self):
        return self.cases.of_task(TASK)[0]

    @property
    def cases(self):
        return Cases(self.config, ROOT)

    def shard(self, rule, **wildcards):
        """As the plan describes a job's."""
        wildcards = wildcards or {"task": TASK, "shard": "00"}
        return self.cases.shard(Job(rule, {"model": self.name, **wildcards}), self.model)

    def job(self, **readers):
        """What a script is handed, as far as it is read."""
        readers = {"conditioning": Reader({n: c.to_tensors() for n, c in self.conditioning.items()}), **readers}
        return SimpleNamespace(
            config=self.config,
            model={"folder": str(self.folder), "layers": self.layers, "patch_size": [1, 2, 2]},
            wildcards=SimpleNamespace(model=self.name, task=TASK),
            params=SimpleNamespace(sampling=self.sampling),
            read=readers.__getitem__,
        )

    def network(self, **fixed):
        return Network.of(self.job(), **fixed)

    def trajectories(self):
        """Of both cases, from each seed: the noise of both is the same, so that a swap finds its source stored."""
        runs = {}
        for case in self.conditioning:
            for seed in SEEDS:
                noise = torch.Generator().manual_seed(seed)
                latents = torch.randn(STEPS + 1, *self.shape[1:], generator=noise)
                runs[f"{case}-seed{seed}"] = {"latents": latents, "sigmas": self.network().sigmas}
        return Reader(runs, {"share_noise_over_cases": False})

    def answers(self):
        generator = torch.Generator().manual_seed(0)
        latents = torch.randn(3, *self.shape[1:], generator=generator)
        rows = [{"candidate": name, "right": name != "c"} for name in "abc"]
        return Reader({case: {"latents": latents} for case in self.conditioning}, rows=rows)

    def sampled(self):
        return Sampling.from_config({**self.sampling, "device": "meta"})

    def pieces(self, run, work, sigmas=None):
        """What is kept of a run that is cut off between its experts; all of it lies on the host."""
        sigmas, before = self.network().sigmas if sigmas is None else sigmas, {}
        parts = stretches(sigmas, self.config["models"][self.name]["boundary"])
        for _, start, stop in parts:
            kept = work(Piece(None, run, start, stop, stop == len(sigmas) - 1, before=before))
            before = dict(kept.tensors)
            assert not any(tensor.is_meta for tensor in before.values()), "what is kept lies on the GPU"
        return kept

    def _conditioned(self, seed):
        """Float32 as encoded, the first frame of all the same; texts as the text encoder gives them, in bfloat16."""
        generator, size = torch.Generator().manual_seed(seed), self.video
        channels, stride = self.model.latent_channels, self.model.stride
        grid = (size.latent_frames, size.height // stride, size.width // stride)
        text = torch.randn(2, 1, self.model.text_tokens, self.model.text_width, generator=generator).bfloat16()
        embeds = {"prompt_embeds": text[0], "negative_prompt_embeds": text[1]}
        if self.model.image_width:
            embeds["image_embeds"] = torch.zeros(1, 257, self.model.image_width)
        if not self.model.per_token:
            return Conditioning(condition=torch.ones(1, 4 + channels, *grid), **embeds)
        mask = torch.ones(1, 1, *grid)
        mask[:, :, 0] = 0
        return Conditioning(condition=torch.ones(1, channels, 1, *grid[1:]), first_frame_mask=mask, **embeds)


def _checkpoint(folder, name, layers):
    """The small files of a checkpoint folder."""
    transformer, vae, experts, *_ = MODELS[name]
    of = {part: ["diffusers", "WanTransformer3DModel"] for part in ("transformer", "transformer_2")[:experts]}
    keeps = transformer is KEEPS_FRAME
    index = {"_class_name": "WanPipeline" if keeps else "WanImageToVideoPipeline", "expand_timesteps": keeps, **of}
    configs = {part: {**network_of(name, layers).config, "_class_name": "WanTransformer3DModel"} for part in of}
    configs["vae"] = {**vae_of(name).config, "_class_name": "AutoencoderKLWan"}
    for part, config in configs.items():
        Path(folder, part).mkdir(parents=True, exist_ok=True)
        Path(folder, part, "config.json").write_text(json.dumps(dict(config), default=str))
    Path(folder, "model_index.json").write_text(json.dumps(index))
    return Path(folder)


def without_weights(monkeypatch, full):
    """Experts "loaded" from the folder are networks on the meta device."""
    monkeypatch.setattr(load, "load_transformer", lambda *_args: network_of(full.name, full.layers))


def encoders_of(name):
    """Text encoder (UMT5 XXL) with a tokenizer, in bfloat16, and image encoder (CLIP ViT-H) with its processor."""
    text = UMT5Config(d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64, feed_forward_proj="gated-gelu")
    image = CLIPVisionConfig(
        hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=16, patch_size=14
    )
    with torch.device("meta"):
        encoders = UMT5EncoderModel(text).bfloat16(), CLIPVisionModelWithProjection(image)
    text, image = (encoder.eval().requires_grad_(False) for encoder in encoders)
    return (text, tiny.tokenizer()), (image, CLIPImageProcessorPil())
