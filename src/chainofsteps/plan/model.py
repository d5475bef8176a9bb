"""The sizes of a model, from the small files and headers of its folder, or as published. No torch here.

A model that is not downloaded yet is counted by what config.yaml says of it under `published`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..model.checkpoint import INDEX, SUBFOLDERS, experts_of, keeps_first_frame, read_config
from ..model.sampling import vae_settings
from ..probes.count import ModelSizes

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # of a number
IMAGE_TOKENS = 257  # of CLIP ViT-H, of whose class all of Wan's image encoders are


@dataclass(frozen=True, kw_only=True)
class Model(ModelSizes):
    """Sizes of an entry of `models`; None, or a part that `parameters` has not, is not known.

    text_tokens, item and vae_item (bytes of a number in its dtype and its VAE's), vae_tiling and offloaded (of an
    expert, only the layer that runs is on the device) are the entry's settings. width and ffn_width are the
    transformer's. text_width is of the text embeddings, image_width of the image's (0: the transformer takes none). Of
    the VAE are vae_patch (pixels a side of the patches that it works on, 1 for none) and vae_width (the most channels
    that it has at the resolution of those patches).
    experts: how many transformers. per_token: each token has a timestep of its own. parameters: numbers in the weights
    of expert, text_encoder, image_encoder and vae. here: the checkpoint lies in its folder.
    """

    text_tokens: int
    item: int
    here: bool
    vae_item: int = 4
    vae_tiling: bool = False
    offloaded: bool = False
    width: int | None = None
    ffn_width: int | None = None
    text_width: int | None = None
    image_width: int = 0
    vae_width: int | None = None
    vae_patch: int = 1
    experts: int = 1
    per_token: bool = False
    parameters: Mapping[str, int] | None = None
    checkpoint_bytes: int | None = None

    @property
    def weights(self) -> dict[str, int]:
        """Bytes of each part in memory: encoders of images are float32, whatever the model is."""
        items = {"vae": self.vae_item, "image_encoder": BYTES["float32"]}
        return {part: count * items.get(part, self.item) for part, count in (self.parameters or {}).items()}


def model_of(config: Mapping[str, Any], name: str, root: str | Path = ".") -> Model:
    """Sizes of an entry of `models`. root: what its folder is relative to.

    InputError if its weights are to lie in a folder of the user's, and there is no checkpoint.
    """
    entry = config["models"][name]
    folder, vae = Path(root, entry["folder"]), vae_settings(entry)
    settings = {
        "name": name,
        "steps": entry["steps"],
        "branches": 2 if entry["guidance_scale"] > 1 else 1,
        "text_tokens": entry["max_sequence_length"],
        "item": BYTES[entry["dtype"]],
        "vae_item": BYTES[vae["dtype"]],
        "vae_tiling": vae["tiling"],
        "batch_size": entry["batch_size"],
        "offloaded": entry.get("group_offload", False),
    }
    if is_here(entry, root):
        try:
            return Model(**settings, here=True, **_of_folder(folder))
        except KeyError as key:
            raise InputError(
                f"models.{name}: no {key} in the config.json of the transformer or VAE in {folder}; copy the whole "
                "checkpoint of a Wan model"
            ) from key
    if "source" not in entry:
        raise InputError(f"models.{name}: {folder} has no {INDEX}; give the folder of a diffusers checkpoint")
    published = entry.get("published") or {}
    known = {
        key: value for key, value in published.items() if key in Model.__dataclass_fields__ and key != "parameters"
    }
    billions = published.get("parameters") or {}
    experts = 1 if entry["boundary"] is None else 2
    counts = {part: round(1e9 * count) for part, count in billions.items()}
    return Model(**settings, here=False, **known, experts=experts, parameters=counts)


def is_here(entry: Mapping[str, Any], root: str | Path = ".") -> bool:
    """True if the checkpoint of an entry of `models` lies in its folder."""
    return Path(root, entry["folder"], INDEX).is_file()


def not_here(config: Mapping[str, Any], name: str) -> str:
    """One line for a model that is not downloaded: the command that downloads it, and the size of the download."""
    entry = config["models"][name]
    parts = [part["source"] for part in (entry, entry.get("lora") or {}) if "source" in part]
    sizes = [source.get("size_gb") for source in parts]
    size = "of a size that config.yaml does not know" if None in sizes else f"{sum(sizes):g} GB"
    command = f"snakemake --config model={name} -- results/model/{name}.json"
    return f"model {name} is not here yet; `{command}` downloads it, {size}"


def _of_folder(folder: Path) -> dict[str, Any]:
    config, vae = read_config(folder, "transformer"), read_config(folder, "vae")
    width, number, residual = transformer_width(config), len(experts_of(folder)), vae.get("is_residual")
    parts = {"expert": SUBFOLDERS["high"], **{part: part for part in ("text_encoder", "image_encoder", "vae")}}
    parameters = {part: parameters_in(folder / sub) for part, sub in parts.items()}
    parameters["expert"] = parameters["expert"] or transformer_parameters(config)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        "layers": config["num_layers"],
        "width": width,
        "ffn_width": config["ffn_dim"],
        "text_width": config["text_dim"],
        "image_width": config.get("image_dim") or 0,
        "latent_channels": vae["z_dim"],
        "stride": vae.get("scale_factor_spatial", 8),
        "vae_width": (vae.get("decoder_base_dim") or vae["base_dim"]) * (vae["dim_mult"][1] if residual else 1),
        "vae_patch": vae.get("patch_size") or 1,
        "experts": number,
        "per_token": keeps_first_frame(folder),
        "parameters": {part: count for part, count in parameters.items() if count},
        "checkpoint_bytes": sum(path.stat().st_size for path in files),
    }


def transformer_width(config: Mapping[str, Any]) -> int:
    """Channels of a Wan transformer's tokens, of its config.json."""
    return config["num_attention_heads"] * config["attention_head_dim"]


def transformer_parameters(config: Mapping[str, Any]) -> int:
    """Numbers in the weights of a Wan transformer, of its config.json alone."""
    d, f, image = transformer_width(config), config["ffn_dim"], config.get("image_dim")
    linear = d * d + d
    attention = 4 * linear + 2 * d  # q, k, v, out; the norms of q and k
    of_image = 2 * linear + d if config.get("added_kv_proj_dim") else 0
    block = 2 * attention + of_image + 2 * d * f + f + d + 6 * d + 2 * d * bool(config.get("cross_attn_norm", True))
    patch = math.prod(config["patch_size"])
    embedded = config["in_channels"] * patch * d + d + config["freq_dim"] * d + d + linear + 6 * linear
    embedded += config["text_dim"] * d + d + linear
    if image:  # two norms, and a layer as wide as the embedding and one as wide as the tokens
        embedded += 2 * image + image * image + image + image * d + d + 2 * d
    return config["num_layers"] * block + embedded + 2 * d + (d + 1) * config["out_channels"] * patch


def parameters_in(folder: Path) -> int:
    """Numbers in the safetensors files of a folder, of their headers alone; 0 if there are none."""
    listing = next(iter(sorted(folder.glob("*.safetensors.index.json"))), None)
    files: Iterable[Path] = sorted(folder.glob("*.safetensors"))
    if listing is not None:
        files = [folder / name for name in sorted(set(json.loads(listing.read_text())["weight_map"].values()))]
    return sum(math.prod(shape) for path in files if path.is_file() for shape in _shapes(path))


def _shapes(path: Path) -> list[list[int]]:
    with open(path, "rb") as file:
        try:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length)) if length <= path.stat().st_size else None
        except (struct.error, ValueError):
            header = None
    if not isinstance(header, dict):
        raise InputError(f"{path} is cut short or not safetensors; copy it again")
    return [about["shape"] for name, about in header.items() if name != "__metadata__"]
