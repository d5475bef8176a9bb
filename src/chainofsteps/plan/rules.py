"""The size of the jobs of rules that belong to no probe, and of all rules together. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ..probes.count import (
    FLOAT,
    ITEM,
    DecodingCount,
    JobCount,
    Loaded,
    Peak,
    Shard,
    item_bytes,
    probe_counts,
)
from ..probes.indices import resolve
from .model import IMAGE_TOKENS, Model

EMBEDDED_CASE = 7_500  # bytes of a puzzle made here
PIXEL = 3  # bytes of a pixel of a picture
FIRST = ("cases", "conditioning", "trajectory", "other_seeds")  # rules that all probes start from
STAGES = (None, *Loaded)  # then by what the GPU is used for


class CasesCount(JobCount):
    """Rule `cases`: puzzles made here, or the list of those of a folder."""

    loaded = None
    batched = False

    def forwards(self, shard: Shard) -> None:
        return None

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return []

    def disk(self, shard: Shard) -> float:
        return shard.case_count * (EMBEDDED_CASE if shard.config["cases"]["folder"] is None else ITEM)


class ConditioningCount(JobCount):
    """Rule `conditioning`: the embeddings of each case's prompt and first frame."""

    loaded = Loaded.ENCODER
    batched = False

    def forwards(self, shard: Shard) -> None:
        return None

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, encoded=1)]

    def disk(self, shard: Shard) -> float:
        total = 0.0
        model: Model = shard.model  # the plan fills it in
        channels, text_width = model.known("latent_channels", "text_width")
        text = [model.text_tokens * text_width * model.item] * model.branches
        image = [IMAGE_TOKENS * model.image_width * FLOAT] if model.image_width else []
        for video, latents in zip(shard.videos, shard.latent_bytes, strict=True):
            if model.per_token:  # the latents of the first frame, and a mask of one channel
                first = [latents // video.latent_frames, latents // channels]
            else:  # beside the latents a mask with a channel for each frame of a latent frame
                first = [latents + 4 * latents // channels]
            total += item_bytes(*text, *image, *first)
        return total


class PanelsCount(DecodingCount):
    """Rule `panels`: the frames of x0_pred that the panels of one figure show. Its cases are those of the panels."""

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(video, decoded=1) for video in shard.videos]

    def disk(self, shard: Shard) -> float:
        pixels = 0
        for panel, video in zip(panels_of(shard.config, shard.wildcards), shard.videos, strict=True):
            pixels += len(panel["steps"]) * len(resolve(panel["frames"], video.frames)) * video.height * video.width
        return item_bytes(PIXEL * pixels)


def panels_of(config: Mapping[str, Any], wildcards: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The rows of `panels` that are of the job's figure."""
    return [panel for panel in config["panels"] if panel["figure"] == wildcards["figure"]]


RULES: dict[str, JobCount] = {
    "cases": CasesCount(),
    "conditioning": ConditioningCount(),
    "panels": PanelsCount(),
    "ideal_panels": PanelsCount(),
    "evalkit": DecodingCount(),
}


@cache
def counts() -> dict[str, JobCount]:
    """The `JobCount` of each rule that weighs anything, in the order of their work."""
    by_rule = {**RULES, **probe_counts()}

    def order(rule: str) -> tuple[int, int]:
        return FIRST.index(rule) if rule in FIRST else len(FIRST), STAGES.index(by_rule[rule].loaded)

    return {rule: by_rule[rule] for rule in sorted(by_rule, key=order)}
