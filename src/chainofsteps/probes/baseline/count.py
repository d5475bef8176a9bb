"""The size of the jobs that sample the untouched runs. No torch here."""

from ..count import FLOAT, ForwardCount, NetworkCount, Shard, baseline, item_bytes


class TrajectoryCount(NetworkCount):
    """Rules `trajectory` and `other_seeds`: each case from each seed, c S forwards; the latents of all S + 1 steps,
    or of the two ends, and the sigmas."""

    def forwards(self, shard: Shard) -> ForwardCount:
        return baseline(shard.model.steps, shard.model.branches) * (shard.case_count * shard.baseline_seeds)

    def disk(self, shard: Shard) -> float:
        sigmas = shard.model.steps + 1
        stored = sigmas if shard.config["trajectory"]["keep"] == "all" else 2
        return shard.baseline_seeds * sum(
            item_bytes(stored * latents, sigmas * FLOAT) for latents in shard.latent_bytes
        )


COUNTS = {"trajectory": TrajectoryCount(), "other_seeds": TrajectoryCount()}
