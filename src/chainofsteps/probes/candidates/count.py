"""The size of the jobs that encode the candidate answers; their weights take no GPU and are not counted. No torch."""

from collections.abc import Sequence

from ..count import DecodingCount, Peak, Shard, item_bytes

ANSWERS = 4  # candidate answers of a case, about


class AnswersCount(DecodingCount):
    """Rule `answers`: the latents of every candidate answer of each case, encoded one at a time."""

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, decoded=1)]

    def disk(self, shard: Shard) -> float:
        return sum(item_bytes(ANSWERS * latents) for latents in shard.latent_bytes)


COUNTS = {"answers": AnswersCount()}
