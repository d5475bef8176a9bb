"""The size of the jobs of the ladder. No torch here."""

from collections.abc import Sequence

from ..count import ITEM, ForwardCount, NetworkCount, Peak, Shard, baseline
from .nouns import KINDS


class LadderCount(NetworkCount):
    """Rule `ladder`: two runs of each case in each number of steps, in one batch; a few rows are kept of each."""

    batched = True

    def forwards(self, shard: Shard) -> ForwardCount:
        of_case = len(KINDS) * sum(shard.config["ladder"]["steps"])
        return baseline(of_case, shard.model.branches) * shard.case_count

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, forward=min(len(KINDS), shard.model.batch_size))]

    def disk(self, shard: Shard) -> float:
        return 2 * shard.case_count * ITEM


COUNTS = {"ladder": LadderCount()}
