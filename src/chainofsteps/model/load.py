"""Image-to-video checkpoints in diffusers layout: checked, loaded part by part, one expert at a time.

diffusers and transformers take seconds to import: they are imported where a part is loaded.
"""

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open

from ..errors import InputError
from ..files import files_below, read_json, sha256
from ..names import is_name
from . import lora
from .checkpoint import (
    SUBFOLDERS,
    check_boundary,
    check_no_pointer,
    check_text_tokens,
    check_there,
    experts_of,
    family_in,
    read_config,
    read_index,
    read_object,
    takes_image_embeds,
)
from .family import family_of
from .sampling import Sampling
from .schedule import expert
from .tensors import check_tensors
from .tiles import TILES
from .tokenizer import load_tokenizer

if TYPE_CHECKING:
    from diffusers import ModelMixin
    from transformers import CLIPImageProcessorPil, PreTrainedModel, PreTrainedTokenizerBase

IMAGE_PROCESSOR = "image_processor", "preprocessor_config.json"
READING = {"local_files_only": True, "use_safetensors": True}  # what is on disk, and no pickle


def check_checkpoint(folder: str | Path) -> dict[str, Any]:
    """What is in an image-to-video checkpoint folder of a known family, JSON-able.

    Every file is listed with bytes and sha256. Raises InputError if it is not one, or if a file is missing or cut
    short.
    """
    folder = Path(folder)
    index, family, experts = read_index(folder), family_in(folder), experts_of(folder)
    parts = (*(SUBFOLDERS[name] for name in experts), "vae", "text_encoder")
    classes = {part: _check_part(folder, part) for part in parts}
    load_tokenizer(folder)
    if takes_image_embeds(folder):
        classes["image_encoder"] = _check_part(folder, "image_encoder")
        check_there(folder, *IMAGE_PROCESSOR)
    config, vae = read_config(folder, "transformer"), read_config(folder, "vae")
    family.check(folder, index, config, vae)
    for part, kind in classes.items():
        settings = read_config(folder, part)
        check_tensors(folder / part, part, kind, settings, _weights(folder / part, settings))
    files = files_below(folder)
    return {
        "class": index["_class_name"],
        "experts": experts,
        "boundary": index.get("boundary_ratio"),
        "layers": config["num_layers"],
        "latent_channels": family.latent_channels(vae),
        "patch_size": config["patch_size"],
        "files": {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in files
        },
    }


def check_adapters(folder: str | Path, adapters: Mapping[str, Path]) -> None:
    """Raises InputError if an adapter, by the expert it is for, cannot be read or does not fit the checkpoint."""
    for name, path in adapters.items():
        lora.check(path, read_json(Path(folder, SUBFOLDERS[name], "config.json")))


def load_transformer(
    folder: str | Path,
    expert: str = "high",
    dtype: str = "float32",
    device: str | torch.device = "cpu",
    runs_on: str | torch.device | None = None,
) -> "ModelMixin":
    """One expert ("high" | "low") for inference. Raises InputError if it is missing or cut short.

    runs_on: where it will run, if that is not the device where its weights are to lie.
    """
    part, by_reads = SUBFOLDERS[expert], _by_reads(device if runs_on is None else runs_on)
    return _load_diffusers(Path(folder), part, dtype, device, by_reads)


def load_vae(
    folder: str | Path, dtype: str = "float32", device: str | torch.device = "cpu", tiling: bool = False
) -> "ModelMixin":
    """The VAE for inference. Raises InputError if it is missing or cut short.

    tiling: it encodes and decodes larger videos by TILES, of the sizes that the paper's tools take.
    """
    vae = _load_diffusers(Path(folder), "vae", dtype, device, _by_reads(device))
    return tiled(vae) if tiling else vae


def tiled(vae: "ModelMixin") -> "ModelMixin":
    """A VAE that from now on works by TILES."""
    _, stride = family_of(vae).strides(vae)
    vae.enable_tiling(**{f"tile_sample_{name}": size * stride for name, size in TILES.items()})
    return vae


def load_text_encoder(
    folder: str | Path, dtype: str = "float32", device: str | torch.device = "cpu"
) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """(text encoder, tokenizer) for inference. Raises InputError if one is missing or cut short."""
    import transformers

    folder = Path(folder)
    found = _check_part(folder, "text_encoder")
    tokenizer = load_tokenizer(folder)
    transformers.utils.logging.disable_progress_bar()  # a job has one progress line, and this is not it
    text_encoder = getattr(transformers, found).from_pretrained(
        folder / "text_encoder", dtype=getattr(torch, dtype), disable_mmap=_by_reads(device), **READING
    )
    return _for_inference(text_encoder, device), tokenizer


def load_image_encoder(
    folder: str | Path, device: str | torch.device = "cpu"
) -> "tuple[PreTrainedModel, CLIPImageProcessorPil]":
    """(image encoder in float32, image processor) for inference. Raises InputError if one is missing or cut short.

    The processor resizes by pillow, as the models were trained, and not by torchvision where that is installed. The
    projection that some checkpoints have is not used, but transformers would complain of what is left over.
    """
    import transformers
    from transformers import CLIPImageProcessorPil

    folder = Path(folder)
    found = _check_part(folder, "image_encoder")
    check_there(folder, *IMAGE_PROCESSOR)
    transformers.utils.logging.disable_progress_bar()
    image_encoder = getattr(transformers, found).from_pretrained(
        folder / "image_encoder", dtype=torch.float32, disable_mmap=_by_reads(device), **READING
    )
    image_processor = CLIPImageProcessorPil.from_pretrained(folder / "image_processor", local_files_only=True)
    return _for_inference(image_encoder, device), image_processor


class Experts:
    """The transformers of a model, one in memory at a time: work ordered by expert loads each once.

    adapters: what is added to the weights of an expert, by its name. Raises InputError if the checkpoint's experts
    and sampling.boundary do not fit together, or if it needs another number of text tokens.
    """

    def __init__(
        self, folder: str | Path, sampling: Sampling, adapters: Mapping[str, lora.Adapter] | None = None
    ) -> None:
        self.folder, self.sampling, self.adapters = Path(folder), sampling, dict(adapters or {})
        check_boundary(folder, sampling.boundary)
        check_text_tokens(folder, sampling.max_sequence_length)
        self._resident: str | None = None
        self._model: ModelMixin | None = None

    @classmethod
    def of(cls, model: Mapping[str, Any], sampling: Sampling) -> "Experts":
        """Those of a model's manifest, which is what `check_checkpoint` found and the folder."""
        return cls(model["folder"], sampling, lora.adapters_in(model))

    def sigmas(self, steps: int | None = None) -> torch.Tensor:
        """The schedule of a run, float32 (steps + 1,), with the sampling's shift. steps: None for the sampling's."""
        steps = self.sampling.steps if steps is None else steps
        return family_in(self.folder).sigmas(self.folder, steps, self.sampling.shift)

    def at(self, timestep: torch.Tensor | float) -> "ModelMixin":
        """The model that works at a timestep; loaded if another one (or none) was in memory."""
        name = expert(timestep, self.sampling.boundary)
        if name != self._resident:
            self._model = self._resident = None
            gc.collect()
            torch.cuda.empty_cache()  # does nothing where there is no CUDA
            device = "cpu" if self.sampling.group_offload else self.sampling.torch_device
            model = load_transformer(self.folder, name, self.sampling.dtype, device, self.sampling.torch_device)
            if name in self.adapters:
                lora.fuse(model, self.adapters[name])
            model = self.sampling.placed(model)
            if self.sampling.compile:  # the blocks are alike: one is compiled, for all of them
                model.compile_repeated_blocks(backend=self.sampling.compile)
            self._model, self._resident = model, name
        return self._model


def _check_part(folder: Path, part: str) -> str:
    """Right class, and every safetensors file there and as long as its header says. The class's name."""
    check_there(folder, part, "config.json")
    config = read_config(folder, part)
    found = config.get("_class_name") or next(iter(config.get("architectures") or []), None)
    family = family_in(folder)
    if found not in family.parts[part]:
        wanted = family.parts[part][0]
        raise InputError(f"{folder / part} is a {found}, not a {wanted}; give a {family.name} I2V checkpoint")
    for file in _weights(folder / part, config):
        _check_safetensors(file)
    return found


def _weights(folder: Path, config: Mapping[str, Any]) -> list[Path]:
    """The files that diffusers or transformers would read, which take a pickle where these are missing."""
    name = "model" if "architectures" in config else "diffusion_pytorch_model"
    listing = folder / f"{name}.safetensors.index.json"
    if not listing.is_file():
        if not (folder / f"{name}.safetensors").is_file():
            variant = next(folder.glob(f"{name}.*.safetensors*"), None)
            mend = f"rename {variant.name} to it" if variant else "copy or convert the weights"
            raise InputError(f"{folder} has no {name}.safetensors; {mend}")
        return [folder / f"{name}.safetensors"]
    names = sorted(set(map(str, read_object(listing, "weight_map").values())))
    for file in names:
        if not is_name(file):
            raise InputError(f"{listing} leads to {file!r}, out of its folder; copy the whole checkpoint")
    if (folder / f"{name}.safetensors").is_file():  # transformers takes the one, diffusers the other
        raise InputError(f"{folder} has both {name}.safetensors and {listing.name}; delete one of them")
    return [folder / file for file in names]


def _check_safetensors(path: Path) -> None:
    """Opening reads the header and compares the file's length with it; no weights are read."""
    if not path.is_file():
        raise InputError(f"{path} is missing; copy the whole checkpoint")
    if path.with_name(f"{path.name}.aria2").exists():  # it has its full length from the beginning
        raise InputError(f"{path} is not downloaded to its end: {path.name}.aria2 is there; run aria2c again")
    check_no_pointer(path)
    try:
        with safe_open(path, framework="pt"):
            pass
    except SafetensorError as error:
        raise InputError(f"{path} is cut short or not safetensors ({error}); copy it again") from error


def _load_diffusers(folder: Path, part: str, dtype: str, device: str | torch.device, by_reads: bool) -> Any:
    import diffusers

    model = getattr(diffusers, _check_part(folder, part)).from_pretrained(
        folder,
        subfolder=part,
        torch_dtype=getattr(torch, dtype),
        disable_mmap=by_reads,
        **READING,
    )
    return _for_inference(model, device)


def _by_reads(device: str | torch.device) -> bool:
    """Whether weights are read, not mapped: mapping stalls on shared filesystems. But on the CPU the last bit
    of a product depends on where its weights start in memory, and there the stock pipeline's are mapped."""
    return torch.device(device).type != "cpu"


def _for_inference(model: torch.nn.Module, device: str | torch.device) -> Any:
    return model.eval().requires_grad_(False).to(device)
