"""LoRA adapters: read in the key styles that there are, held against a transformer, added to its weights.

Diffusers names the keys, in the style of diffusers (`transformer.blocks.0.attn1.to_q.lora_A.weight`), of Wan itself
(`diffusion_model.blocks.0.self_attn.q.lora_down.weight`, with alphas); those of DiffSynth
(`blocks.0.self_attn.q.lora_A.default.weight`) and of musubi-tuner (`lora_unet_blocks_0_self_attn_q.lora_down.weight`)
are made those of Wan first, and the prefix of PEFT (`base_model.model.`) is left out. An adapter may be of some layers
or blocks alone. The sum is made here: diffusers would need peft for it, which every job would import and nothing else
would use, and it only warns of what it cannot place, where another model would come out.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open

from ..errors import InputError
from ..files import load_tensors, read_bytes
from .checkpoint import PEFT_NAME, SUBFOLDERS, settings_beside

if TYPE_CHECKING:
    from diffusers import WanTransformer3DModel

_MATRIX = re.compile(r"\.lora_(A|B|down|up)\.(default\.)?weight$")
_PREFIXES = ("pipe.dit.", "base_model.model.")  # which some programs put before a name
_MUSUBI = re.compile(r"lora_unet_blocks_(?P<block>\d+)_(?P<part>self_attn|cross_attn|ffn)_(?P<layer>[a-z0-9_]+)\.")
_CONVERTED = re.compile(r"transformer\.(?P<layer>.+)\.lora_(?P<part>A\.weight|B\.weight|B\.bias)")


@dataclass(frozen=True)
class Adapter:
    """A file with a LoRA, and what its change of the weights is multiplied by (DiffSynth's alpha)."""

    path: Path
    alpha: float = 1.0


@dataclass(frozen=True)
class Change:
    """What is added to a linear layer: scale (up @ down) to its weight (out, in), scale bias to its bias (out,).

    down (rank, in), up (out, rank).
    """

    down: torch.Tensor
    up: torch.Tensor
    bias: torch.Tensor | None
    scale: float


def adapters_in(model: Mapping[str, Any]) -> dict[str, Adapter]:
    """The adapters that a model's manifest lists, by expert; none for most models."""
    lora = model.get("lora") or {}
    return {expert: Adapter(Path(lora[expert]["file"]), lora["alpha"]) for expert in SUBFOLDERS if expert in lora}


def check(path: Path, transformer_config: Mapping[str, Any]) -> None:
    """Raises InputError if an adapter cannot be read, or does not fit a transformer with that configuration.

    The matrices are read one by one, for numbers that cannot be; of what fits, the keys and the shapes tell.
    """
    from diffusers import WanTransformer3DModel

    kind = transformer_config.get("_class_name", WanTransformer3DModel.__name__)
    if kind != WanTransformer3DModel.__name__:
        raise InputError(f"{path} is for a {kind}: adapters are read for Wan alone; merge it into the checkpoint")
    with torch.device("meta"):
        model = WanTransformer3DModel.from_config(dict(transformer_config))
    _check_fits(path, _read(path, with_matrices=False), model)


@torch.no_grad()
def fuse(model: "WanTransformer3DModel", adapter: Adapter) -> None:
    """Add the adapter to the model's weights, in place: in float32, then rounded once to the dtype of the weights.

    Raises InputError if it does not fit; then the model is as it was.
    """
    changes = _read(adapter.path, with_matrices=True)
    _check_fits(adapter.path, changes, model)
    for name, change in changes.items():
        layer, scale = model.get_submodule(name), change.scale * adapter.alpha
        up, down = (matrix.to(layer.weight.device, torch.float32) for matrix in (change.up, change.down))
        layer.weight.copy_(layer.weight + (up @ down) * scale)
        if change.bias is not None:
            layer.bias.copy_(layer.bias + change.bias.to(layer.bias.device, torch.float32) * scale)


def _read(path: Path, with_matrices: bool) -> dict[str, Change]:
    """The changes by the name of the layer; without matrices these have shapes alone."""
    from diffusers.loaders.lora_pipeline import WanLoraLoaderMixin

    tensors, metadata = _open(path, with_matrices)
    settings, alphas = _settings(path, metadata, tensors), any(key.endswith(".alpha") for key in tensors)
    alpha = _alpha(path, settings, alphas)
    named = _in_a_known_style(tensors)
    for key in named:
        if "dora_scale" in key or "lora_magnitude_vector" in key:  # which diffusers leaves out with a warning
            raise InputError(f"{path} is a DoRA, which is not supported; merge the adapter into a checkpoint")
    try:
        converted = WanLoraLoaderMixin.lora_state_dict(named)
    except (LookupError, NameError, RuntimeError, ValueError) as error:  # what the converter makes of strange keys
        reason = f"{type(error).__name__}: {error}"[:120]
        raise InputError(
            f"{path} is no LoRA of Wan that diffusers can read ({reason}): its first key is {next(iter(tensors))}; "
            "give another adapter"
        ) from error
    taken = {id(tensor) for tensor in converted.values()}
    for key, tensor in named.items():
        if ".diff" in key and id(tensor) not in taken and tensor.any():
            raise InputError(
                f"{path} changes {key}, which diffusers leaves out; give a checkpoint that it is merged into already"
            )
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in converted.items():
        match = _CONVERTED.fullmatch(key)
        if match is None:
            raise InputError(f"{path} has the key {key}, which is not one of a LoRA; give another adapter")
        parts.setdefault(match["layer"], {})[match["part"]] = tensor
    changes = {}
    for layer, found in parts.items():
        if not {"A.weight", "B.weight"} <= set(found):
            raise InputError(f"{path} has one matrix of two for {layer}; copy the adapter again")
        down, up = found["A.weight"], found["B.weight"]
        changes[layer] = Change(down, up, found.get("B.bias"), 1.0 if alpha is None else alpha / len(down))
    return changes


def _open(path: Path, with_matrices: bool) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """All tensors, a matrix perhaps by its shape alone, and the file's metadata."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata, keys = file.metadata() or {}, list(file.keys())
            if not with_matrices:
                tensors = {key: _checked(path, key, file.get_tensor(key), with_matrices) for key in keys}
    except FileNotFoundError as error:
        raise InputError(f"there is no adapter {path}; give the file's place, or copy it there") from error
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is cut short or not safetensors ({error}); copy it again") from error
    if not keys:
        raise InputError(f"{path} holds no LoRA; give another adapter")
    if with_matrices:
        tensors = {key: _checked(path, key, tensor, with_matrices) for key, tensor in load_tensors(path)[0].items()}
    return tensors, metadata


def _checked(path: Path, key: str, tensor: torch.Tensor, with_matrices: bool) -> torch.Tensor:
    """The same numbers in a dtype that can be multiplied (eight bits are kept and no more), a matrix perhaps by its
    shape alone. InputError if they are none, or levels of a quantisation."""
    matrix = _MATRIX.search(key)
    if matrix and not tensor.is_floating_point():
        raise InputError(f"{path}: {key} holds whole numbers; give an adapter in bfloat16, float16 or float32")
    tensor = tensor.float() if tensor.is_floating_point() and tensor.itemsize == 1 else tensor
    if not tensor.isfinite().all():
        raise InputError(f"{path}: {key} holds NaN or infinity, as after a training that failed; give another adapter")
    return tensor if with_matrices or not matrix else torch.empty(tensor.shape, device="meta")


def _settings(path: Path, metadata: Mapping[str, str], keys: Iterable[str]) -> dict[str, Any]:
    """An adapter's configuration, such as its alpha: diffusers keeps it in the file, PEFT in a file beside it."""
    from diffusers.loaders.lora_base import LORA_ADAPTER_METADATA_KEY

    beside = settings_beside(path)
    of_peft = path.name == PEFT_NAME or any(key.startswith("base_model.model.") for key in keys)
    if LORA_ADAPTER_METADATA_KEY in metadata:
        where, text = f"the metadata of {path}", metadata[LORA_ADAPTER_METADATA_KEY]
    elif beside is not None and of_peft:
        where, text = str(beside), read_bytes(beside)
    else:
        return {}
    try:
        return {key.removeprefix("transformer."): value for key, value in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path}: {where} cannot be read ({error}); copy it again") from error


def _alpha(path: Path, settings: Mapping[str, Any], alphas: bool) -> float | None:
    """Alpha, where the configuration of an adapter says it; None: it is the rank, or (alphas) layers have their own."""
    for unusual in ("alpha_pattern", "use_rslora", "use_dora", "fan_in_fan_out"):
        if settings.get(unusual):
            raise InputError(f"{path} sets {unusual}, which is not supported; merge the adapter into a checkpoint")
    alpha = settings.get("lora_alpha")
    if isinstance(alpha, int | float | None):
        return None if alphas else alpha
    raise InputError(f"{path} has lora_alpha {alpha!r}, which is no number; write one into its configuration")


def _in_a_known_style(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """By keys that the loader of diffusers knows: DiffSynth writes Wan's own names without a prefix, musubi-tuner with
    underscores for dots."""
    plain = {_plain(key): key for key in tensors}
    of_wan = any(name in key for key in plain for name in ("self_attn.", "cross_attn.", ".ffn.0.", ".ffn.2."))
    prefix = "diffusion_model." if of_wan else "transformer."
    known = ("transformer.", "diffusion_model.")
    return {key if key.startswith(known) else prefix + key: tensors[original] for key, original in plain.items()}


def _plain(key: str) -> str:
    """A key without what some programs put before or into a name."""
    for prefix in _PREFIXES:
        key = key.removeprefix(prefix)
    key = _MUSUBI.sub(r"diffusion_model.blocks.\g<block>.\g<part>.\g<layer>.", key)
    return re.sub(r"\.(lora_[AB])\.default\.", r".\1.", key)


def _check_fits(path: Path, changes: Mapping[str, Change], model: "WanTransformer3DModel") -> None:
    layers = dict(model.named_modules())
    for name, change in changes.items():
        layer = layers.get(name)
        if not isinstance(layer, torch.nn.Linear):
            raise InputError(f"{path} changes {name}, which the model does not have; give the adapter of this model")
        (out, inner), rank = layer.weight.shape, len(change.down)
        found = (tuple(change.up.shape), tuple(change.down.shape))
        if found != ((out, rank), (rank, inner)):
            raise InputError(
                f"{path} changes {name} by {found[0]} x {found[1]}, but its weight is {out} x {inner}; "
                "give the adapter of this model"
            )
        if change.bias is not None and (layer.bias is None or change.bias.shape != layer.bias.shape):
            raise InputError(f"{path} changes the bias of {name}, which is another; give the adapter of this model")
