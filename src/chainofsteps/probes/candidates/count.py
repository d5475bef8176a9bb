"""The size of the jobs on candidate answers that take a GPU: their weights take none and are not counted. No torch."""

from collections.abc import Sequence

from ..count import DecodingCount, ForwardCount, NetworkCount, Peak, Shard, baseline, item_bytes

ANSWERS = 3  # candidate answers of a case, about: 2.6 to 4.0 by puzzle


class AnswersCount(DecodingCount):
    """Rule `answers`: the latents of every candidate answer of each case, encoded one at a time."""

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, decoded=1)]

    def disk(self, shard: Shard) -> float:
        return sum(item_bytes(ANSWERS * latents) for latents in shard.latent_bytes)


ASKED = 2  # right answers of a case that the calibration takes


class CalibrationCount(NetworkCount):
    """Rule `calibration`: ASKED noisy latents of each case at every step and seed; their x0_pred is kept."""

    batched = True

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, forward=min(ASKED, shard.model.batch_size))]

    def items(self, shard: Shard) -> int:
        asked = shard.config["candidates"]["calibration"]
        return len(asked["steps"]) * len(asked["seeds"])

    def forwards(self, shard: Shard) -> ForwardCount:
        return baseline(self.items(shard) * ASKED, shard.model.branches) * shard.case_count

    def disk(self, shard: Shard) -> float:
        return self.items(shard) * sum(item_bytes(ASKED * latents) for latents in shard.latent_bytes)


COUNTS = {"answers": AnswersCount(), "calibration": CalibrationCount()}
