"""The size of the jobs that decode and read the x0_pred of every step. No torch here."""

from ..count import ITEM, DecodingCount, Shard

STEP_ROWS = 1_300  # bytes of one step of one run: its masses, readings and frames


class X0PredCount(DecodingCount):
    """Rule `x0_pred`: rows of every step of each case's seeds and of the null."""

    def disk(self, shard: Shard) -> float:
        runs = shard.case_count * (shard.seeds + 1)
        return runs * (ITEM + shard.model.steps * STEP_ROWS)


COUNTS = {"x0_pred": X0PredCount()}
