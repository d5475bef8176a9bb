"""Put the trained parts together as one diffusers folder in bf16, the form that ships."""

import os
import shutil
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    WanImageToVideoPipeline,
    WanTransformer3DModel,
)
from transformers import UMT5EncoderModel

from .text import build_tokenizer
from .vae import vae_folder

SHIFT = 3.0
LINKED = ("vae", "text_encoder", "tokenizer", "scheduler")  # parts that models of one family share


def assemble(
    work: Path, transformer: WanTransformer3DModel, text_encoder: UMT5EncoderModel, **experts
) -> WanImageToVideoPipeline:
    """The stock pipeline around a transformer and a text encoder, with the VAE of ``work``; silent.

    ``experts``: transformer_2 and boundary_ratio, for two experts.
    """
    pipeline = WanImageToVideoPipeline(
        tokenizer=build_tokenizer(),
        text_encoder=text_encoder,
        vae=AutoencoderKLWan.from_pretrained(vae_folder(work)),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        **experts,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def export(work: Path, folder: Path) -> None:
    """Write ``folder`` from ``work/{vae, transformer, text_encoder}``."""
    transformer = WanTransformer3DModel.from_pretrained(work / "transformer")
    text_encoder = UMT5EncoderModel.from_pretrained(work / "text_encoder")
    assemble(work, transformer, text_encoder).to(torch.bfloat16).save_pretrained(folder)


def link_parts(model: Path, folder: Path) -> None:
    """In place of the parts of ``folder`` that ``model`` has as well, links to those of ``model``."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in LINKED:
        place = folder / part
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.symlink_to(os.path.relpath(model / part, folder), target_is_directory=True)
