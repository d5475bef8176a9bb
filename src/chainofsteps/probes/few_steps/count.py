"""The size of the jobs that sample in other numbers of steps. No torch here."""

from ..count import DecodingCount, ForwardCount, NetworkCount, Shard, baseline, item_bytes


def other_steps(shard: Shard) -> list[int]:
    """The numbers of steps that the trajectories do not have."""
    return [steps for steps in shard.config["few_steps"]["steps"] if steps != shard.model.steps]


class FewStepsCount(NetworkCount):
    """Rule `few_steps`: each case and seed once for each other number of steps S', c S'; the final latents of each."""

    def forwards(self, shard: Shard) -> ForwardCount:
        return baseline(sum(other_steps(shard)), shard.model.branches) * (shard.case_count * shard.seeds)

    def disk(self, shard: Shard) -> float:
        return shard.seeds * len(other_steps(shard)) * sum(map(item_bytes, shard.latent_bytes))


COUNTS = {"few_steps": FewStepsCount(), "few_steps_score": DecodingCount()}
