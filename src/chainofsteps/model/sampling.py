"""Settings of a sampling run: every choice that moves a number is a field, and goes into each output.

torch takes seconds to import, so it is imported where a device or a dtype is asked for and not with the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import torch
    from diffusers import ModelMixin

DTYPES = ("float32", "bfloat16", "float16")  # torch's names
TIMESTEP_DTYPES = ("float32", "bfloat16")
COMPILERS = ("inductor", "eager")  # torch's names; eager traces the blocks and leaves them as they are
PLACEMENT = ("device", "group_offload")  # where a model runs: in no rule's params


@dataclass(frozen=True)
class Sampling:
    """How videos are sampled from one model.

    steps: number of Euler steps S. shift: of the schedule. guidance_scale: > 1 runs the uncond branch too.
    boundary: sigma at and above which the high-noise expert works (None: one model for all steps).
    timestep_dtype: what the timestep is rounded to before the network (sigma never is). dtype: of weights.
    batch_size: most items in one forward. device: "auto" takes CUDA where there is one.
    compile: torch's compiler for the blocks (None: none), which may move the last bits. group_offload: the
    transformer's weights wait in main memory, and each layer's are on the device only while it runs.
    latents_dtype: what the latents and a step's update are rounded to. guidance_dtype: of the arithmetic of guidance.
    vae_dtype: of the VAE's weights. vae_tiling: the VAE works on tiles, as the paper's tools have them.
    """

    steps: int
    shift: float
    guidance_scale: float = 1.0
    boundary: float | None = None
    timestep_dtype: str = "float32"
    dtype: str = "float32"
    max_sequence_length: int = 512
    negative_prompt: str = ""
    device: str = "auto"
    batch_size: int = 64
    compile: str | None = None
    group_offload: bool = False
    latents_dtype: str = "float32"
    guidance_dtype: str = "float32"
    vae_dtype: str = "float32"
    vae_tiling: bool = False

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("batch_size", 1), ("max_sequence_length", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise InputError(f"{name} is {value!r}: give a whole number of at least {least}")
        if self.shift <= 0:
            raise InputError(f"shift is {self.shift!r}: give a number above 0")
        if self.boundary is not None and not 0 < self.boundary < 1:
            raise InputError(f"boundary is {self.boundary!r}: give a sigma between 0 and 1, or null")
        for name in ("dtype", "latents_dtype", "guidance_dtype", "vae_dtype"):
            if getattr(self, name) not in DTYPES:
                raise InputError(f"{name} is {getattr(self, name)!r}: choose one of {', '.join(DTYPES)}")
        if self.timestep_dtype not in TIMESTEP_DTYPES:
            raise InputError(f"timestep_dtype is {self.timestep_dtype!r}: choose {' or '.join(TIMESTEP_DTYPES)}")
        if self.compile not in (None, *COMPILERS):
            raise InputError(f"compile is {self.compile!r}: choose one of {', '.join(COMPILERS)}, or null")
        if self.group_offload and self.compile:
            raise InputError("group_offload and compile do not go together: leave one of them out")

    @classmethod
    def from_config(cls, model: Mapping[str, Any]) -> Sampling:
        """From one entry of config.yaml's `models` (whose weights, and what is published of them, are no settings)."""
        known = {field.name for field in fields(cls)}
        unknown = set(model) - known - {"folder", "source", "lora", "published"}
        if unknown:
            raise InputError(f"unknown sampling setting {sorted(unknown)[0]!r}: known are {', '.join(sorted(known))}")
        missing = {"steps", "shift"} - set(model)
        if missing:
            raise InputError(f"sampling setting {sorted(missing)[0]!r} is missing: add it to the model's entry")
        return cls(**{key: value for key, value in model.items() if key in known})

    def in_force(self) -> dict[str, Any]:
        """JSON-able, for manifests and metadata: with the device that "auto" is on this machine."""
        return {**asdict(self), "device": str(self.torch_device)}

    @property
    def guided(self) -> bool:
        """Whether the uncond branch runs, as the stock pipeline decides it."""
        return self.guidance_scale > 1

    @property
    def torch_dtype(self) -> torch.dtype:
        import torch

        return getattr(torch, self.dtype)

    @property
    def vae(self) -> dict[str, Any]:
        """How the VAE is loaded, for `load.load_vae`."""
        return {"dtype": self.vae_dtype, "tiling": self.vae_tiling, "device": self.torch_device}

    @property
    def torch_device(self) -> torch.device:
        return _device(self.device)

    def placed(self, transformer: ModelMixin) -> ModelMixin:
        """A diffusers transformer where it runs: on the device, or in main memory with group_offload.

        Of single layers, since `chainofsteps.model.network` calls parts of the model and never its own forward.
        """
        if not self.group_offload:
            return transformer.to(self.torch_device)
        transformer.enable_group_offload(self.torch_device, offload_type="leaf_level")
        return transformer


def vae_of(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """How the VAE of an entry of `models` is loaded: dtype, tiling and device, for `load.load_vae`."""
    return {**vae_settings(config["models"][name]), "device": device_of(config, name)}


def vae_settings(entry: Mapping[str, Any]) -> dict[str, Any]:
    """dtype and tiling of the VAE of an entry of `models`."""
    return {
        "dtype": entry.get("vae_dtype", Sampling.vae_dtype),
        "tiling": entry.get("vae_tiling", Sampling.vae_tiling),
    }


def placement(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Those of an entry of `models`, as far as they are given."""
    return {key: config["models"][name][key] for key in PLACEMENT if key in config["models"][name]}


def device_of(config: Mapping[str, Any], name: str) -> torch.device:
    """Where the VAE and the encoders of an entry of `models` run."""
    return _device(config["models"][name].get("device", "auto"))


def _device(named: str) -> torch.device:
    import torch

    if named == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(named)
