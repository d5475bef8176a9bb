"""The size of the jobs that keep hidden states for the linear readout. No torch here."""

from collections.abc import Mapping
from typing import Any

from ..count import FLOAT, ForwardCount, NetworkCount, Shard, item_bytes

HALF = FLOAT // 2  # hidden states are kept in half the precision


def kept_forwards(section: Mapping[str, Any], steps: int, branches: int = 1) -> ForwardCount:
    """Hidden states of one stored run: a forward with the prompt at each step; naive is the run once more, c S."""
    return ForwardCount(len(section["steps"]), branches * steps)


class LinearReadoutCount(NetworkCount):
    """Rule `linear_readout`: hidden states before the first layer and after each, of every case and seed."""

    def forwards(self, shard: Shard) -> ForwardCount:
        section = shard.config["linear_readout"]
        of_run = kept_forwards(section, shard.model.steps, shard.model.branches)
        return of_run * (shard.case_count * shard.seeds)

    def disk(self, shard: Shard) -> float:
        layers, width = shard.model.known("layers", "width")
        section = shard.config["linear_readout"]
        of_token = HALF * (layers + 1) * min(width, section["width"])
        kept = [of_token * min(shard.model.tokens_of(video), section["tokens"]) for video in shard.videos]
        return shard.seeds * sum(item_bytes(*[of_video] * len(section["steps"])) for of_video in kept)


COUNTS = {"linear_readout": LinearReadoutCount()}
