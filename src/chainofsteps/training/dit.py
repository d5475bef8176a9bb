"""The miniature Wan transformer and its text encoder, trained jointly by flow matching.

x_sigma = (1 - sigma) x0 + sigma x1 with x1 ~ N(0, I); the network learns the velocity x1 - x0. Time is uniform, then
shifted as it is when sampling.
"""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import WanTransformer3DModel
from torch import nn
from transformers import T5TokenizerFast, UMT5EncoderModel

from ..errors import InputError
from ..names import IN_DOMAIN
from ..probes.skill.run import solve
from .export import SHIFT, assemble
from .latents import open_pool
from .loop import Run
from .mixture import BUCKETS, bucket_of_step, clips_seen
from .text import TEXT_DIM, build_text_encoder, build_tokenizer, embed_prompts, token_ids

CURVE_CASES, CURVE_EVERY = 8, 750  # held-out cases per puzzle at each point of the learning curve; steps between
PROMPT_DROPOUT = 0.1
MUON_RATE, ADAMW_RATE = 4e-3, 2e-3


def build_transformer() -> WanTransformer3DModel:
    """An untrained WanTransformer3DModel: 8 blocks of width 192, one token per 16-pixel cell and latent frame."""
    model = WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=6,
        attention_head_dim=32,
        in_channels=36,
        out_channels=16,
        text_dim=TEXT_DIM,
        freq_dim=256,
        ffn_dim=768,
        num_layers=8,
        rope_max_seq_len=64,
    )
    nn.init.zeros_(model.proj_out.weight)
    nn.init.zeros_(model.proj_out.bias)
    return model


@contextlib.contextmanager
def attention_in_float32():
    """Under bf16 autocast the backward pass of bf16 attention is 40% of a step on a CPU; in float32 it is not."""
    original = F.scaled_dot_product_attention

    def attention(query, key, value, *args, **kwargs):
        with torch.autocast("cpu", enabled=False):
            return original(query.float(), key.float(), value.float(), *args, **kwargs)

    F.scaled_dot_product_attention = attention
    try:
        yield
    finally:
        F.scaled_dot_product_attention = original


class FlowMatching(nn.Module):
    """Transformer and text encoder with the flow-matching loss, on the times of a band in [0, 1] (before the shift)."""

    def __init__(
        self, transformer: WanTransformer3DModel, text_encoder: nn.Module, band: tuple[float, float] = (0.0, 1.0)
    ):
        super().__init__()
        self.transformer = transformer
        self.text_encoder = text_encoder
        self.band = band

    def forward(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Loss of a batch: latents and condition (B, 16, F, h, w) normalised, ids (B, 24)."""
        x0, x1 = batch["latents"], torch.randn_like(batch["latents"])
        low, high = self.band
        time = low + (high - low) * torch.rand(len(x0))
        sigma = SHIFT * time / (1 + (SHIFT - 1) * time)
        weight = sigma.view(-1, 1, 1, 1, 1)
        mask = torch.zeros_like(x0[:, :4])
        mask[:, :, 0] = 1  # the first latent frame is given
        noisy = torch.cat([(1 - weight) * x0 + weight * x1, mask, batch["condition"]], 1)
        with torch.autocast("cpu", torch.bfloat16), attention_in_float32():
            prompt_embeds = embed_prompts(self.text_encoder, batch["ids"])
            velocity = self.transformer(noisy, 1000 * sigma, prompt_embeds, return_dict=False)[0]
        return {"loss": F.mse_loss(velocity.float(), x1 - x0)}


def optimizers(module: FlowMatching, rate: float = 1.0) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for everything else that is trained; ``rate`` times the full rate."""
    matrices = [p for p in module.transformer.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in module.parameters() if id(p) not in chosen and p.requires_grad]
    return [
        torch.optim.Muon(matrices, lr=rate * MUON_RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate * ADAMW_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def batches(
    work: Path, world: int, seed: int, empty_prompt: torch.Tensor
) -> Callable[[torch.Generator, int], dict[str, torch.Tensor]]:
    """``batch(generator, step)`` of one process from the latent pools: one bucket a step, some prompts dropped."""
    pools = {bucket: open_pool(work, bucket) for bucket in BUCKETS}

    def batch(generator: torch.Generator, step: int) -> dict[str, torch.Tensor]:
        bucket = bucket_of_step(step, seed)
        pool = pools[bucket]
        rows = torch.randint(len(pool["ids"]), (bucket.batch // world,), generator=generator).numpy()
        drop = torch.rand(len(rows), generator=generator) < PROMPT_DROPOUT
        ids = torch.from_numpy(pool["ids"][rows].astype(np.int64))
        return {
            "latents": torch.from_numpy(pool["latents"][rows]).float(),
            "condition": torch.from_numpy(pool["condition"][rows]).float(),
            "ids": torch.where(drop[:, None], empty_prompt, ids),
        }

    return batch


def take_weights(module: FlowMatching, folder: Path, tokenizer: T5TokenizerFast) -> None:
    """Load the weights of a diffusers folder of this build. Raises InputError if its tokenizer knows other words."""
    if T5TokenizerFast.from_pretrained(folder / "tokenizer").get_vocab() != tokenizer.get_vocab():
        raise InputError(f"{folder} knows other words than today's prompts; train from nothing")
    for name, kind in (("transformer", WanTransformer3DModel), ("text_encoder", UMT5EncoderModel)):
        getattr(module, name).load_state_dict(kind.from_pretrained(folder / name).float().state_dict())


def train_dit(rank: int, world: int, work: Path, steps: int, seed: int, begin_with: Path | None = None) -> None:
    """Train on the latent pools; moving averages in float32 go to ``work/transformer`` and ``work/text_encoder``.

    begin_with: a diffusers folder of this build, with the same VAE's encoder and the same words, to begin with; None:
    from nothing.
    """
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    module = FlowMatching(build_transformer(), build_text_encoder(len(tokenizer)))
    if begin_with is not None:
        take_weights(module, begin_with, tokenizer)
    run = Run(
        work / "dit-run",
        module,
        optimizers(module),
        steps,
        seed=seed + 1,
        save_every=250,
        rank=rank,
        world=world,
    )
    average = FlowMatching(build_transformer(), build_text_encoder(len(tokenizer)))
    pipeline = assemble(work, average.transformer, average.text_encoder)
    curve = work / f"curve-{rank}.jsonl"

    def on_save(step: int) -> None:
        run.put_average(average)
        if rank == 0:
            average.transformer.save_pretrained(work / "transformer")
            average.text_encoder.save_pretrained(work / "text_encoder")
        if step % CURVE_EVERY and step != steps:
            return
        clips = clips_seen(step, seed)
        with curve.open("a") as file:
            for name in IN_DOMAIN:
                for case in range(rank, CURVE_CASES, world):
                    row = {"clips": clips, "puzzle": name, "case": case, "score": solve(pipeline, name, case)}
                    file.write(json.dumps(row) + "\n")

    run.train(batches(work, world, seed, token_ids(tokenizer, [""])[0]), on_save)
