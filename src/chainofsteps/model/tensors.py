"""The tensors of a part of a checkpoint, held against its network before anything is queued.

The network is built on the meta device, and of the files the headers are read: names and shapes tell, no weights. What
diffusers and transformers would fill with random numbers, or leave out with a warning, stops here in one line.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from ..errors import InputError

WRAPPED = {  # what a key begins with where a wrapper was saved in place of the model
    "_orig_mod.": "torch.compile put it there: save the model that was compiled",
    "module.": "a wrapper of torch.nn.parallel put it there: save its module",
    "model.diffusion_model.": "that is ComfyUI's layout: convert it to a diffusers folder",
}
SCALES = ("scale_weight", "weight_scale", "scale_input", "input_scale", ".absmax", ".quant_map", "weight_scale_inv")
WHOLE = ("I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "BOOL")  # as safetensors names them
LEFT_OUT = {
    "image_encoder": r"(visual_projection|text_projection|text_model|logit_scale)"
}  # of CLIP, which nobody reads


def check_tensors(part: Path, name: str, kind: str, config: Mapping[str, Any], files: Iterable[Path]) -> None:
    """InputError if the tensors of a part are not those of its network.

    part: its folder. name: such as text_encoder. kind: the class of its network. config: its config.json.
    """
    if "quantization_config" in config:
        method = config["quantization_config"].get("quant_method", "a quantisation")
        raise InputError(f"{part} is quantised ({method}); give weights in bfloat16, float16 or float32")
    found, dtypes = _shapes(part, files)
    network = _on_meta(part, kind, config)
    wanted = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    scaled = next((key for key in found if key.endswith(SCALES)), None)
    if scaled is not None:
        raise InputError(f"{part} has weights with scales of their own ({scaled}); give them in bfloat16 or float32")
    for prefix, mend in WRAPPED.items():
        if found and all(key.startswith(prefix) for key in found):
            raise InputError(f"{part}: every tensor's name begins with {prefix} ({next(iter(found))}); {mend}")
    _check_dtypes(part, dtypes, network)
    missing = next((names for names in _together(network) if not set(names) & set(found)), None)
    if missing is not None:
        raise InputError(f"{part} lacks the tensor {missing[0]}, which a {kind} has; copy the whole checkpoint")
    ignored = [*(getattr(network, "_keys_to_ignore_on_load_unexpected", None) or []), *[LEFT_OUT.get(name, "(?!)")]]
    extra = [key for key in found if key not in wanted and not any(re.search(each, key) for each in ignored)]
    if extra:
        raise InputError(
            f"{part} has the tensor {extra[0]}, which a {kind} of its config.json has not; give the config.json of "
            "these weights"
        )
    for key, shape in found.items():
        if key in wanted and shape != wanted[key]:
            raise InputError(
                f"{part}: {key} is {_by(shape)}, and {_by(wanted[key])} by its config.json; give the config.json of "
                "these weights"
            )


def _shapes(part: Path, files: Iterable[Path]) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """Shape and dtype of every tensor of some files, by its name. InputError if one is in two of them."""
    shapes: dict[str, tuple[int, ...]] = {}
    dtypes: dict[str, str] = {}
    for path in files:
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118, it is no mapping
                tensor = file.get_slice(key)
                if key in shapes:
                    raise InputError(f"{part} has the tensor {key} in two files; copy the whole checkpoint")
                shapes[key], dtypes[key] = tuple(tensor.get_shape()), tensor.get_dtype()
    return shapes, dtypes


def _check_dtypes(part: Path, dtypes: Mapping[str, str], network: torch.nn.Module) -> None:
    """InputError for whole numbers in the place of others: they are levels of a quantisation."""
    for key, tensor in network.state_dict().items():
        if tensor.is_floating_point() and dtypes.get(key) in WHOLE:
            raise InputError(
                f"{part}: {key} holds whole numbers ({dtypes[key]}), as of a quantised model; give weights in "
                "bfloat16, float16 or float32"
            )


def _on_meta(part: Path, kind: str, config: Mapping[str, Any]) -> torch.nn.Module:
    """The network of a part, without numbers."""
    import diffusers
    import transformers

    try:
        with torch.device("meta"):
            if "architectures" in config:
                return getattr(transformers, kind)(transformers.AutoConfig.from_pretrained(part, local_files_only=True))
            return getattr(diffusers, kind).from_config(dict(config))
    except (TypeError, ValueError, LookupError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{part / 'config.json'} is not that of a {kind} ({reason}); copy it again") from error


def _together(network: torch.nn.Module) -> list[list[str]]:
    """The names of each tensor: several where weights are tied, of which a file may have any."""
    names: dict[int, list[str]] = {}
    for name, tensor in network.state_dict(keep_vars=True).items():
        names.setdefault(id(tensor), []).append(name)
    return list(names.values())


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
