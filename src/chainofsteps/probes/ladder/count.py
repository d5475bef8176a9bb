"""The size of the jobs of the ladder. No torch here."""

from collections.abc import Sequence

from ..count import ITEM, ForwardCount, NetworkCount, Peak, Shard, baseline
from .nouns import KINDS

ROW = 313  # bytes of a row: in an item's metadata, and again in the table


class LadderCount(NetworkCount):
    """Rule `ladder`: two runs of each case in each number of steps, in one batch; a few rows are kept of each."""

    batched = True

    def forwards(self, shard: Shard) -> ForwardCount:
        of_case = len(KINDS) * sum(shard.config["ladder"]["steps"])
        return baseline(of_case, shard.model.branches) * shard.case_count

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, forward=min(len(KINDS), shard.model.batch_size))]

    def disk(self, shard: Shard) -> float:
        own, numbers = shard.model.steps, shard.config["ladder"]["steps"]
        rows = len(KINDS) * (len(numbers) + own * (own in numbers))  # of the final latents, and of the steps of its own
        return shard.case_count * (ITEM + rows * ROW)


COUNTS = {"ladder": LadderCount()}
