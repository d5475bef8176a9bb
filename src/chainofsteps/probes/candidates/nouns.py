"""What the encoded answers and the weights on them depend on. No torch here."""

from collections.abc import Mapping
from typing import Any

from ...names import ending
from ...store.noun import Noun
from ..baseline.nouns import unknown_here
from ..settings import DENOISING, VAE, batch_size, sampling_of


def answers_settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """How the VAE works, if not as usual: the answers follow from the case and the VAE."""
    return sampling_of(config, model, *VAE)


def settings(_config: Mapping[str, Any], _model: str) -> dict[str, Any]:
    """Nothing of the configuration: the weights follow from the answers and the trajectory."""
    return {}


def calibration_settings(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of the forwards on noisy latents of the answers."""
    return {"sampling": sampling_of(config, model, *DENOISING), **batch_size(config, model)}


def calibration_endings(config: Mapping[str, Any], _model: str) -> list[str]:
    """The items are the cases at every step and seed of `candidates.calibration`."""
    asked = config["candidates"]["calibration"]
    return [ending(seed, "step", step) for step in asked["steps"] for seed in asked["seeds"]]


ANSWERS = Noun("answers", 1, answers_settings, ("model",))
CANDIDATES = Noun("candidates", 1, settings, ("answers", "trajectory"), unknown_here)
CALIBRATION = Noun("calibration", 1, calibration_settings, ("model", "conditioning", "answers"), calibration_endings)
RECIPES = {"candidates_table": 1, "ideal_panels": 1, "ideal_noise": 2, "ideal_cka": 1}
