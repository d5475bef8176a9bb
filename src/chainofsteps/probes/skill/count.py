"""The size of the jobs that sample held-out puzzles by the stock pipeline. No torch here."""

from collections.abc import Sequence

from ...model.sizes import EMBEDDED_FRAMES, EMBEDDED_SIDE
from ..count import ForwardCount, JobCount, Loaded, Peak, Shard, VideoSize, baseline


class SkillCount(JobCount):
    """Rule `skill`: so many held-out cases of one puzzle, c S forwards each; a table of a few rows."""

    loaded = Loaded.PIPELINE
    batched = False

    def forwards(self, shard: Shard) -> ForwardCount:
        return baseline(shard.model.steps, shard.model.branches) * shard.config["skill"]["number"]

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        video = VideoSize(EMBEDDED_FRAMES, EMBEDDED_SIDE, EMBEDDED_SIDE)
        return [Peak(video, forward=1), Peak(video, decoded=1)]

    def disk(self, shard: Shard) -> float:
        return 0


COUNTS = {"skill": SkillCount()}
