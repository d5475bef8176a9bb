"""Protocols: the keys of the paper's own runs, which the exact protocol leaves to the configuration. No torch here.

The paper's tools are a fork of DiffSynth-Studio. None of these keys changed between versions 1 and 2 of the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..bench.sizes import ROUNDED

PROTOCOLS = ("exact", "paper")
MODEL = {
    "steps": 50,
    "shift": 5.0,
    "guidance_scale": 5.0,
    "timestep_dtype": "bfloat16",
    "latents_dtype": "bfloat16",
    "guidance_dtype": "bfloat16",
    "vae_dtype": "bfloat16",
    "vae_tiling": True,
}
DISTILLED = ("steps", "guidance_scale")  # of a model that was distilled to these: they stay
BOUNDARY = 0.875  # of a model with two experts
SECTIONS = {"trajectory": {"share_noise_over_cases": True}, "evalkit": {"crf": 25}}


def rounds(cases: Mapping[str, Any]) -> bool:
    """Whether the pictures of the cases are rounded up: those of a folder, where no size is asked for."""
    return bool(cases["folder"] or cases["source"]) and cases["size"] is None


def in_force(config: Mapping[str, Any]) -> dict[str, Any]:
    """A settled configuration with the keys of its protocol: as it is, or with those of the paper in their place."""
    if config["protocol"] == "exact":
        return dict(config)
    name, models = config["model"], config["models"]
    own = DISTILLED if name == config["few_steps"]["distilled"] else ()
    entry = {**models[name], **{key: value for key, value in MODEL.items() if key not in own}}
    if entry["boundary"] is not None:
        entry["boundary"] = BOUNDARY
    cases = {**config["cases"], "size": ROUNDED} if rounds(config["cases"]) else config["cases"]
    sections = {section: {**config[section], **keys} for section, keys in SECTIONS.items()}
    return {**config, "cases": cases, **sections, "models": {**models, name: entry}}
