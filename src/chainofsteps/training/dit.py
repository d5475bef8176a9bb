"""The miniature Wan transformer and its text encoder, trained jointly by flow matching.

x_sigma = (1 - sigma) x0 + sigma x1 with x1 ~ N(0, I); the network learns the velocity x1 - x0. Time is uniform, then
shifted as it is when sampling.
"""

import contextlib
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import WanTransformer3DModel
from torch import nn

from .. import puzzles
from .export import SHIFT, assemble
from .latents import open_pool
from .loop import Run
from .skill import measure
from .text import TEXT_DIM, build_text_encoder, build_tokenizer, embed_prompts

BATCH = 64
CURVE_CASES = 16  # held-out cases per puzzle at each point of the learning curve
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
    """Transformer and text encoder with the flow-matching loss."""

    def __init__(self, transformer: WanTransformer3DModel, text_encoder: nn.Module):
        super().__init__()
        self.transformer = transformer
        self.text_encoder = text_encoder

    def forward(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Loss of a batch: latents and condition (B, 16, F, h, w) normalised, ids (B, 24)."""
        x0, x1 = batch["latents"], torch.randn_like(batch["latents"])
        uniform = torch.rand(len(x0))
        sigma = SHIFT * uniform / (1 + (SHIFT - 1) * uniform)
        weight = sigma.view(-1, 1, 1, 1, 1)
        mask = torch.zeros_like(x0[:, :4])
        mask[:, :, 0] = 1  # the first latent frame is given
        noisy = torch.cat([(1 - weight) * x0 + weight * x1, mask, batch["condition"]], 1)
        with torch.autocast("cpu", torch.bfloat16), attention_in_float32():
            prompt_embeds = embed_prompts(self.text_encoder, batch["ids"])
            velocity = self.transformer(noisy, 1000 * sigma, prompt_embeds, return_dict=False)[0]
        return {"loss": F.mse_loss(velocity.float(), x1 - x0)}


def optimizers(module: FlowMatching) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for everything else."""
    matrices = [p for p in module.transformer.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in module.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=MUON_RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=ADAMW_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def train_dit(rank: int, world: int, work: Path, steps: int, seed: int) -> None:
    """Train on the latent pool and write ``work/transformer`` and ``work/text_encoder``, moving averages in float32."""
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    module = FlowMatching(build_transformer(), build_text_encoder(len(tokenizer)))
    pool = open_pool(work)
    run = Run(
        work / "dit-run",
        module,
        optimizers(module),
        steps,
        seed=seed + 1,
        save_every=400,
        rank=rank,
        world=world,
    )
    empty = torch.zeros(pool["ids"].shape[1], dtype=torch.long)
    empty[0] = tokenizer.eos_token_id

    def batch(generator: torch.Generator) -> dict[str, torch.Tensor]:
        rows = torch.randint(len(pool["ids"]), (BATCH // world,), generator=generator).numpy()
        drop = torch.rand(len(rows), generator=generator) < PROMPT_DROPOUT
        ids = torch.from_numpy(pool["ids"][rows].astype(np.int64))
        return {
            "latents": torch.from_numpy(pool["latents"][rows]).float(),
            "condition": torch.from_numpy(pool["condition"][rows]).float(),
            "ids": torch.where(drop[:, None], empty, ids),
        }

    average = FlowMatching(build_transformer(), build_text_encoder(len(tokenizer)))
    pipeline = assemble(work, average.transformer, average.text_encoder)
    curve = work / f"curve-{rank}.jsonl"

    def on_save(step: int) -> None:
        run.put_average(average)
        if rank == 0:
            average.transformer.save_pretrained(work / "transformer")
            average.text_encoder.save_pretrained(work / "text_encoder")
        with curve.open("a") as file:
            for name in puzzles.PUZZLES:
                for _, case, variant, value, *_ in measure(pipeline, name, range(rank, CURVE_CASES, world)):
                    row = {
                        "clips": step * BATCH,
                        "puzzle": name,
                        "case": case,
                        "variant": variant,
                        "score": value,
                    }
                    file.write(json.dumps(row) + "\n")

    run.train(batch, on_save)
