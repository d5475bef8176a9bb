"""The size of the jobs that measure token norms. No torch here."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ..count import FLOAT, ForwardCount, NetworkCount, Shard, item_bytes
from ..indices import indices


def tapped_layers(section: Mapping[str, Any], layers: int) -> list[int]:
    """The layers that the `activations` section asks for, of a model of so many."""
    return indices("activations.layers", section["layers"], layers)


def tapped_forwards(section: Mapping[str, Any]) -> int:
    """Forwards of one run that are tapped: one for each step and branch of the `activations` section."""
    return len(section["steps"]) * (2 if section["branch"] == "both" else 1)


def tapped(section: Mapping[str, Any], steps: int, layers: int, branches: int = 1) -> ForwardCount:
    """Token norms of one stored run: each tapped forward stops behind the last tapped layer l, (l + 1) / L of one.

    Its stored latents are what each forward starts from; naive is the run once more with taps, c S.
    """
    last = max(tapped_layers(section, layers))
    planned = Fraction(tapped_forwards(section) * (last + 1), layers)
    return ForwardCount(float(planned), branches * steps)


class ActivationsCount(NetworkCount):
    """Rule `activations`: the norms of all tokens of each case and seed, for each tapped layer and forward."""

    def forwards(self, shard: Shard) -> ForwardCount:
        (layers,) = shard.model.known("layers")
        of_run = tapped(shard.config["activations"], shard.model.steps, layers, shard.model.branches)
        return of_run * (shard.case_count * shard.seeds)

    def disk(self, shard: Shard) -> float:
        (layers,), section = shard.model.known("layers"), shard.config["activations"]
        of_token = FLOAT * len(tapped_layers(section, layers))
        norms = [of_token * shard.model.tokens_of(video) for video in shard.videos]
        return shard.seeds * sum(item_bytes(*[of_video] * tapped_forwards(section)) for of_video in norms)


COUNTS = {"activations": ActivationsCount()}
