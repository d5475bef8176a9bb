"""Words for steps and frames in a configuration, resolved to the whole numbers of its model.

Layers and latent frames keep their words, and so does "all" of `noise.steps`: `probes.indices.indices` resolves them
in the job that knows their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..bench.sizes import made_frames
from ..probes.indices import resolve, resolve_one


def resolved(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration whose steps, and frames of panels, are the whole numbers of its own model.

    Frames of videos in a folder keep their words: rule panels is the first to know how many there are.
    """
    steps = config["models"][config["model"]]["steps"]
    frames = made_frames(config["cases"]) if config["cases"]["folder"] is None else None
    calibration = config["candidates"]["calibration"]
    activations, sets = config["activations"], (resolve(of_set, steps) for of_set in config["swap"]["steps"])
    return {
        **config,
        "noise": _with(config["noise"], steps=_unless_all(config["noise"]["steps"], steps)),
        "candidates": _with(
            config["candidates"], calibration=_with(calibration, steps=resolve(calibration["steps"], steps))
        ),
        "ensemble": _with(config["ensemble"], steps=resolve(config["ensemble"]["steps"], steps)),
        "activations": _with(
            activations,
            steps=resolve(activations["steps"], steps),
            shown=_with(activations["shown"], step=resolve_one(activations["shown"]["step"], steps)),
        ),
        "linear_readout": _with(config["linear_readout"], steps=resolve(config["linear_readout"]["steps"], steps)),
        "swap": _with(config["swap"], steps=[list(of_set) for of_set in dict.fromkeys(map(tuple, sets))]),
        "panels": [
            _with(row, steps=resolve(row["steps"], steps), frames=_frames(row["frames"], frames))
            for row in config["panels"]
        ],
    }


def _with(section: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    return {**section, **keys}


def _unless_all(value: Any, count: int) -> Any:
    return value if value == "all" else resolve(value, count)


def _frames(value: Any, count: int | None) -> Any:
    return value if count is None else resolve(value, count)
