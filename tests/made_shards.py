"""Shards of three cases with made-up latents, for the tests of shards."""

import torch

from chainofsteps.store.shards import Shard

CASES = ["00000", "00001", "00002"]
SETTINGS = {"model": {"steps": 4}, "seeds": [1]}


def shard(place, settings=SETTINGS, recipe=1, identities=None, shared=()):
    return Shard(place, "trajectory", settings, recipe, identities, shared)


def save(open_shard, case):
    value = torch.full((2, 3), float(case[:5]))
    open_shard.save(case, {"latents": value}, {"case": case, "forwards": 4.5, "seconds": 0.25})
