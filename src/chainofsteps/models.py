"""Wan image-to-video checkpoints in diffusers layout: checked, loaded part by part, one expert at a time."""

import gc
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors import SafetensorError, safe_open
from transformers import AutoTokenizer, PreTrainedTokenizerBase, UMT5EncoderModel
from transformers.utils import logging as transformers_logging

from .checkpoint import SUBFOLDERS, check_boundary, experts_of, read_index
from .errors import InputError
from .files import read_json, sha256
from .schedule import expert
from .settings import DTYPES, Sampling

PARTS = {
    "transformer": "WanTransformer3DModel",
    "transformer_2": "WanTransformer3DModel",
    "vae": "AutoencoderKLWan",
    "text_encoder": "UMT5EncoderModel",
}
MASK_CHANNELS = 4  # of the conditioning: one per video frame of a latent frame


def check_checkpoint(folder: str | Path) -> dict[str, Any]:
    """What is in a Wan image-to-video checkpoint folder, JSON-able, every file listed with bytes and sha256.

    Raises InputError if it is not one, or if a file is missing or cut short.
    """
    folder = Path(folder)
    index = read_index(folder)
    experts = experts_of(folder)
    for part in (*(SUBFOLDERS[name] for name in experts), "vae", "text_encoder"):
        _check_part(folder, part)
    if not (folder / "tokenizer").is_dir():
        raise InputError(f"{folder} has no tokenizer folder; copy the whole checkpoint")
    config = read_json(folder / "transformer" / "config.json")
    latent_channels = read_json(folder / "vae" / "config.json")["z_dim"]
    wanted = 2 * latent_channels + MASK_CHANNELS
    if config["in_channels"] != wanted:
        raise InputError(
            f"{folder} is not image-to-video: its transformer takes {config['in_channels']} channels, "
            f"not {wanted}; give a Wan I2V checkpoint"
        )
    for name in experts:
        if read_json(folder / SUBFOLDERS[name] / "config.json").get("image_dim") is not None:
            raise InputError(
                f"{folder} takes image embeddings too (image_dim, as Wan 2.1 I2V), which comes with a later release; "
                "give a checkpoint without, such as Wan 2.2 I2V"
            )
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path, folder))
    return {
        "class": index["_class_name"],
        "experts": experts,
        "boundary": index.get("boundary_ratio"),
        "layers": config["num_layers"],
        "latent_channels": latent_channels,
        "patch_size": config["patch_size"],
        "files": {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in files
        },
    }


def load_transformer(
    folder: str | Path, expert: str = "high", dtype: str = "float32", device: str | torch.device = "cpu"
) -> WanTransformer3DModel:
    """One expert ("high" | "low") for inference. Raises InputError if it is missing or cut short."""
    part = SUBFOLDERS[expert]
    return _load_diffusers(WanTransformer3DModel, Path(folder), part, dtype, device)


def load_vae(folder: str | Path, dtype: str = "float32", device: str | torch.device = "cpu") -> AutoencoderKLWan:
    """The VAE for inference. Raises InputError if it is missing or cut short."""
    return _load_diffusers(AutoencoderKLWan, Path(folder), "vae", dtype, device)


def load_text_encoder(
    folder: str | Path, dtype: str = "float32", device: str | torch.device = "cpu"
) -> tuple[UMT5EncoderModel, PreTrainedTokenizerBase]:
    """(text encoder, tokenizer) for inference. Raises InputError if one is missing or cut short."""
    folder = Path(folder)
    _check_part(folder, "text_encoder")
    if not (folder / "tokenizer").is_dir():
        raise InputError(f"{folder} has no tokenizer folder; copy the whole checkpoint")
    transformers_logging.disable_progress_bar()  # a job has one progress line, and this is not it
    text_encoder = UMT5EncoderModel.from_pretrained(
        folder / "text_encoder", dtype=DTYPES[dtype], disable_mmap=_by_reads(device), local_files_only=True
    )
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    return _for_inference(text_encoder, device), tokenizer


class Experts:
    """The transformers of a checkpoint, one in memory at a time: work ordered by expert loads each once.

    Raises InputError if the checkpoint's experts and sampling.boundary do not fit together.
    """

    def __init__(self, folder: str | Path, sampling: Sampling) -> None:
        self.folder, self.sampling = Path(folder), sampling
        check_boundary(folder, sampling.boundary)
        self._resident: str | None = None
        self._model: WanTransformer3DModel | None = None

    def at(self, timestep: torch.Tensor | float) -> WanTransformer3DModel:
        """The model that works at a timestep; loaded if another one (or none) was in memory."""
        name = expert(timestep, self.sampling.boundary)
        if name != self._resident:
            self._model = self._resident = None
            gc.collect()
            torch.cuda.empty_cache()  # does nothing where there is no CUDA
            self._model = load_transformer(self.folder, name, self.sampling.dtype, self.sampling.torch_device)
            self._resident = name
        return self._model


def _check_part(folder: Path, part: str) -> None:
    """Right class, and every safetensors file there and as long as its header says."""
    path = folder / part / "config.json"
    if not path.is_file():
        raise InputError(f"{folder} has no {part}/config.json; copy the whole checkpoint")
    config = read_json(path)
    found = config.get("_class_name") or next(iter(config.get("architectures") or []), None)
    if found != PARTS[part]:
        raise InputError(f"{folder / part} is a {found}, not a {PARTS[part]}; give a Wan I2V checkpoint")
    files = sorted((folder / part).glob("*.safetensors"))
    for listing in (folder / part).glob("*.safetensors.index.json"):
        files = sorted({folder / part / name for name in read_json(listing)["weight_map"].values()})
    if not files:
        raise InputError(f"{folder / part} has no safetensors; copy or convert the weights")
    for file in files:
        _check_safetensors(file)


def _check_safetensors(path: Path) -> None:
    """Opening reads the header and compares the file's length with it; no weights are read."""
    if not path.is_file():
        raise InputError(f"{path} is missing; copy the whole checkpoint")
    try:
        with safe_open(path, framework="pt"):
            pass
    except SafetensorError as error:
        raise InputError(f"{path} is cut short or not safetensors ({error}); copy it again") from error


def _load_diffusers(kind: type, folder: Path, part: str, dtype: str, device: str | torch.device) -> Any:
    _check_part(folder, part)
    model = kind.from_pretrained(
        folder,
        subfolder=part,
        torch_dtype=DTYPES[dtype],
        disable_mmap=_by_reads(device),
        local_files_only=True,
    )
    return _for_inference(model, device)


def _by_reads(device: str | torch.device) -> bool:
    """Whether weights are read, not mapped: mapping stalls on shared filesystems. But on the CPU the last bit
    of a product depends on where its weights start in memory, and there the stock pipeline's are mapped."""
    return torch.device(device).type != "cpu"


def _for_inference(model: torch.nn.Module, device: str | torch.device) -> Any:
    return model.eval().requires_grad_(False).to(device)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
