"""The variant with two experts: the single transformer, fine-tuned once for high and once for low noise, as in Wan 2.2.

Both start from the trained transformer and see only the sigmas they will work at; the text encoder stays as it is. So
the switch between experts can be studied on a model whose experts really differ.
"""

from pathlib import Path

import torch
from diffusers import WanTransformer3DModel
from transformers import UMT5EncoderModel

from .dit import FlowMatching, batches, optimizers
from .export import SHIFT, assemble
from .loop import Run
from .text import build_tokenizer, token_ids

BOUNDARY = 0.9  # Wan 2.2's own: the sigma at and above which the high-noise expert works
RATE = 0.3  # of the learning rate that the single transformer was trained with


def bands() -> dict[str, tuple[float, float]]:
    """The times in [0, 1] of each expert: sigma = SHIFT t / (1 + (SHIFT - 1) t) solved for t at the boundary."""
    time = BOUNDARY / (SHIFT - (SHIFT - 1) * BOUNDARY)
    return {"high": (time, 1.0), "low": (0.0, time)}


def train_experts(rank: int, world: int, work: Path, steps: int, seed: int) -> None:
    """Fine-tune both experts from ``work/transformer`` into ``work/expert-high`` and ``work/expert-low``."""
    prompt = token_ids(build_tokenizer(), [""])[0]
    for number, (name, band) in enumerate(bands().items(), 2):
        torch.manual_seed(seed + number)
        text_encoder = UMT5EncoderModel.from_pretrained(work / "text_encoder").requires_grad_(False)
        transformer = WanTransformer3DModel.from_pretrained(work / "transformer")
        module = FlowMatching(transformer, text_encoder, band)
        run = Run(
            work / f"expert-{name}-run",
            module,
            optimizers(module, RATE),
            steps,
            seed=seed + number,
            rank=rank,
            world=world,
        )
        run.train(batches(work, world, seed + number, prompt))
        if rank == 0:
            run.put_average(module)
            transformer.save_pretrained(work / f"expert-{name}")


def export_experts(work: Path, folder: Path) -> None:
    """Write ``folder`` from ``work/{vae, text_encoder, expert-high, expert-low}``."""
    high, low = (WanTransformer3DModel.from_pretrained(work / f"expert-{name}") for name in bands())
    text_encoder = UMT5EncoderModel.from_pretrained(work / "text_encoder")
    pipeline = assemble(work, high, text_encoder, transformer_2=low, boundary_ratio=BOUNDARY)
    pipeline.to(torch.bfloat16).save_pretrained(folder)
