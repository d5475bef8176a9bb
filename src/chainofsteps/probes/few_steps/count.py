"""The size of the jobs that sample in other numbers of steps. No torch here."""

from ..count import DecodingCount, ForwardCount, NetworkCount, Shard, baseline, item_bytes
from .nouns import other_steps


class FewStepsCount(NetworkCount):
    """Rule `few_steps`: each case and seed once for each other number of steps S', c S'; the final latents of each."""

    def forwards(self, shard: Shard) -> ForwardCount:
        return baseline(sum(other_steps(shard.config, shard.model.name)), shard.model.branches) * (
            shard.case_count * shard.seeds
        )

    def disk(self, shard: Shard) -> float:
        return shard.seeds * len(other_steps(shard.config, shard.model.name)) * sum(map(item_bytes, shard.latent_bytes))


COUNTS = {"few_steps": FewStepsCount(), "few_steps_score": DecodingCount()}
