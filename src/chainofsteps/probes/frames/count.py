"""The size of the jobs that sample in other frame counts. No torch here."""

from collections.abc import Sequence

from ...model.sizes import latent_frames_of
from ..count import DecodingCount, ForwardCount, NetworkCount, Peak, Shard, item_bytes
from .spec import other_counts


def at_counts(frame_counts: Sequence[int], own: int, steps: int, branches: int = 1) -> ForwardCount:
    """One case and seed in other frame counts, c S for each: the run of its own count is stored.

    A forward of fewer frames has fewer tokens (`frames.run.tokens_of`) and counts as one. InputError for a count
    above the own one.
    """
    others = len(other_counts(frame_counts, own))
    return ForwardCount(branches * steps * others, branches * steps * (others + 1))


class FramesCount(NetworkCount):
    """Rule `frames`: each case and seed once for each other frame count; the final latents of each."""

    def forwards(self, shard: Shard) -> ForwardCount:
        frame_counts, model, total = shard.config["frames"]["counts"], shard.model, ForwardCount(0, 0)
        for video in shard.videos:
            total += at_counts(frame_counts, video.frames, model.steps, model.branches) * shard.seeds
        return total

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        """Of the longest: the runs of the own frame count are stored."""
        video = shard.largest
        counts = other_counts(shard.config["frames"]["counts"], video.frames)
        return [Peak(video._replace(frames=max(counts)), forward=1)] if counts else []

    def disk(self, shard: Shard) -> float:
        total = 0.0
        for video, latents in zip(shard.videos, shard.latent_bytes, strict=True):
            of_frame = latents // video.latent_frames
            others = other_counts(shard.config["frames"]["counts"], video.frames)
            total += sum(item_bytes(of_frame * latent_frames_of(frame_count)) for frame_count in others)
        return total * shard.seeds


COUNTS = {"frames": FramesCount(), "frames_score": DecodingCount()}
