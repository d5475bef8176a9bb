"""The size of the jobs of the ladder. No torch here."""

from collections.abc import Sequence

from ..count import ITEM, ForwardCount, NetworkCount, Peak, Shard, baseline

KINDS = 2  # runs of each case and number of steps: as it is, and made anew after every step


class LadderCount(NetworkCount):
    """Rule `ladder`: two runs of each case in each number of steps, in one batch; a few rows are kept of each."""

    batched = True

    def forwards(self, shard: Shard) -> ForwardCount:
        of_case = KINDS * sum(shard.config["ladder"]["steps"])
        return baseline(of_case, shard.model.branches) * shard.case_count

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, forward=min(KINDS, shard.model.batch_size))]

    def disk(self, shard: Shard) -> float:
        return 2 * shard.case_count * ITEM


COUNTS = {"ladder": LadderCount()}
