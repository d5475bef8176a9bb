"""The size of the jobs that sample held-out puzzles by the stock pipeline. No torch here."""

from collections.abc import Sequence

from ...bench.sizes import made_frames, made_size
from ..count import ForwardCount, JobCount, Loaded, Peak, Shard, VideoSize, baseline


class SkillCount(JobCount):
    """Rule `skill`: so many held-out cases of one puzzle, c S forwards each; a table of a few rows."""

    loaded = Loaded.PIPELINE
    batched = False

    def forwards(self, shard: Shard) -> ForwardCount:
        return baseline(shard.model.steps, shard.model.branches) * shard.config["skill"]["number"]

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        cases = shard.config["cases"]
        drawn = cases if cases["folder"] is None else {"frames": None, "size": None}
        video = VideoSize(made_frames(drawn), *made_size(drawn, shard.wildcards.get("puzzle", "")))
        return [Peak(video, forward=1), Peak(video, decoded=1)]

    def disk(self, shard: Shard) -> float:
        return 0


COUNTS = {"skill": SkillCount()}
