"""What a configuration names must be there: the steps, layers and frames of its model, the runs of its cases.

The Snakefile calls this at every start: no torch, pandas or numpy here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import InputError
from ..probes.indices import indices
from ..probes.noise.spec import tapped_layer
from .tasks import asked_number, tasks_of


def check_activations(config: Mapping[str, Any], layers: int | None) -> None:
    """InputError if `activations` names a layer, step or branch that the configured model has not.

    layers: as in check_ranges. Held against a figure's need alone: a model of four steps need not have the activations'
    steps to be run.
    """
    asked, model = config["activations"], config["models"][config["model"]]
    indices("activations.steps", asked["steps"], model["steps"])
    if layers is not None:
        indices("activations.layers", asked["layers"], layers)
    if asked["branch"] != "cond" and model["guidance_scale"] <= 1:
        raise InputError(
            f"activations.branch: {config['model']} runs no uncond branch, its guidance_scale is "
            f"{model['guidance_scale']:g}; take cond"
        )


def check_shown(config: Mapping[str, Any], cases: Mapping[str, Iterable[str]]) -> None:
    """InputError if `activations.shown` names a run that is not there. cases: names of the cases of each task."""
    asked = config["activations"]
    shown = asked["shown"]
    for key, there in (
        ("task", tasks_of(config, "activations")),
        ("case", list(cases.get(shown["task"], []))),
        ("seed", config["trajectory"]["seeds"]),
        ("step", asked["steps"]),
    ):
        if shown[key] not in there:
            names = ", ".join(map(str, there)) if len(there) < 8 else f"{there[0]} to {there[-1]}"
            raise InputError(f"activations.shown: {key} {shown[key]!r} is not there; there are {names}")


def check_swap(config: Mapping[str, Any], latent_frames: int | None, layers: int | None) -> None:
    """InputError if `swap` names a layer, step or latent frame that is not there (None: not known), or has no pair."""
    asked, cases = config["swap"], config["cases"]
    made = cases["folder"] is None
    if cases["scorer"] == "evalkit":  # whose pairs are a shard of their own
        if 1 in (asked["number"], cases["number"]):
            raise InputError("swap: a pair is two cases of one task; set swap.number and cases.number to 2 or more")
    elif cases["shard_size"] == 1 or (made and asked_number(config, "swap", asked["task"]) == 1):
        raise InputError("swap: a pair is two cases of one shard; set swap.number and cases.shard_size to 2 or more")
    for steps in asked["steps"]:
        indices("swap.steps", steps, config["models"][config["model"]]["steps"])
    if layers is not None:
        indices("swap.layers", asked["layers"], layers)
        if min(asked["widths"]) > layers:
            raise InputError(f"swap.widths: this model has {layers} layers, fewer than any width")
    for name, part in asked["parts"].items():
        if latent_frames is not None:
            indices(f"swap.parts.{name}.frames", part["frames"], latent_frames)


def check_ranges(
    config: Mapping[str, Any], steps: int, latent_frames: int | None = None, layers: int | None = None
) -> None:
    """InputError if a step, a latent frame or a layer that the configuration names does not exist.

    steps, latent_frames, layers: how many there are; None for what is not known yet, which is then not
    checked.
    """
    indices("noise.steps", config["noise"]["steps"], steps)
    merged = indices("ensemble.steps", config["ensemble"]["steps"], steps)
    if not config["ensemble"]["controls"] and merged != [0]:
        raise InputError(
            f"ensemble.controls: false leaves the other seeds' runs out, which steps {merged} need; set it to true, or "
            "ensemble.steps to [0]"
        )
    indices("linear_readout.steps", config["linear_readout"]["steps"], steps)
    indices("candidates.calibration.steps", config["candidates"]["calibration"]["steps"], steps)
    if latent_frames is not None:
        indices("noise.frames", config["noise"]["frames"], latent_frames)
    layer = tapped_layer(config["similarity"]["features"])
    if layer is not None and layers is not None and layer >= layers:
        raise InputError(f"similarity.features: layer {layer} is out of range; this model has layers 0 to {layers - 1}")
