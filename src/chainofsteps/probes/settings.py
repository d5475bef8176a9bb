"""Settings that several nouns share: keys of the configuration that move numbers. No torch here: every rule reads it.

The device is in no settings: where a job runs does not move its numbers.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

from ..bench.evalkit.kits import EVALKIT
from ..model.sampling import Sampling
from ..names import CRF, ending

VAE = ("vae_dtype", "vae_tiling")
ENCODING = ("guidance_scale", "dtype", "max_sequence_length", "negative_prompt", *VAE)
DENOISING = ("steps", "shift", "boundary", "timestep_dtype", "compile", "latents_dtype", "guidance_dtype", *ENCODING)
# Later keys, in no settings while they have their defaults, as if there were no such key: results of before stay valid.
LATER = {key: getattr(Sampling, key) for key in ("compile", "latents_dtype", "guidance_dtype", *VAE)}


def sampling_of(config: Mapping[str, Any], model: str, *keys: str) -> dict[str, Any]:
    """Those of the keys that a model's entry has, but for LATER ones that have their defaults."""
    entry = config["models"][model]
    return {key: entry[key] for key in keys if key in entry and (key, entry[key]) not in LATER.items()}


def batch_size(config: Mapping[str, Any], model: str) -> dict[str, int]:
    """How many samples go through the network at once, which moves the last bits."""
    return {"batch_size": config["models"][model].get("batch_size", Sampling.batch_size)}


def part_of(config: Mapping[str, Any], section: str, *left_out: str) -> dict[str, Any]:
    """A section of the configuration without some of its keys."""
    return {key: value for key, value in config[section].items() if key not in left_out}


def scorer(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the scorer. The rules of the puzzles are the package's own and add nothing."""
    if config["cases"]["scorer"] == "rule":
        return {}
    return {"scorer": {**kit(config, "sha256"), "mode": config["evalkit"]["mode"]}}


def kit(config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """What the configuration says of the kit's source, its hash under the key `source`, None where it is not known.

    The repository, and how videos are written for it, where they are not the usual ones: scores are older than these
    choices.
    """
    of_kit = config["evalkit"]
    named = {} if of_kit["repo"] == EVALKIT else {"repo": of_kit["repo"]}
    named |= {} if of_kit["crf"] == CRF else {"crf": of_kit["crf"]}
    return {**named, "commit": of_kit["commit"], source: of_kit["sha256"]}


def untouched_sampling(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Settings of runs from a case's own noise to the end."""
    shared = config["trajectory"]["share_noise_over_cases"]
    return {"sampling": sampling_of(config, model, *DENOISING), "share_noise_over_cases": shared}


def by_seed(config: Mapping[str, Any], _model: str) -> list[str]:
    """The items are the runs of the seeds of `trajectory`."""
    return [ending(seed) for seed in config["trajectory"]["seeds"]]


def by_seed_and(config: Mapping[str, Any], setting: str, values: list[int]) -> list[str]:
    """The items are those runs at several values of a setting."""
    return [ending(seed, setting, value) for value, seed in product(values, config["trajectory"]["seeds"])]
