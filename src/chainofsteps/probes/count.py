"""The size of a job before it runs: forwards, the most on its GPU at once, bytes on disk.

`JobCount` is the protocol. Each probes/<name>/count.py has a `JobCount` for each rule of its probe, by the rule's name
in `COUNTS`, and `probe_counts` collects them: a new folder is counted without a line anywhere else.

One forward is one sample through all layers of one branch. Guidance runs c = 2 branches, so every count is c times as
large. A perturbed run is the baseline up to the step that first sees the perturbation, so it starts there, from the
baseline's stored latents: that is planned, the fewest forwards. The naive way runs each from its start. No torch here.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

from ..model.sizes import latent_frames_of

FLOAT = 4  # bytes of a number in stored latents and norms
# Bytes beside the numbers, read off finished runs: on large videos they are nothing, on tiny ones a tenth.
ITEM, TENSOR = 1_200, 130  # of a file and its entry in the manifest; of a tensor's entry in the file's header
DECODED_AT_ONCE = 2**16  # numbers in the latents of one batch of the VAE: scoring.BATCH_ELEMENTS


class UnknownError(Exception):
    """A size is not known before something is downloaded; the message says what."""


class VideoSize(NamedTuple):
    """frames: of the video, 4k + 1. height, width: pixels."""

    frames: int
    height: int
    width: int

    @property
    def latent_frames(self) -> int:
        return latent_frames_of(self.frames)

    @property
    def elements(self) -> int:
        """Pixels of all frames."""
        return self.frames * self.height * self.width


@dataclass(frozen=True, kw_only=True)
class ModelSizes:
    """Sizes of an entry of `models`. None: not known before the model is downloaded.

    steps, batch_size (samples in one forward): the entry's settings. branches: 2 with guidance, else 1. layers: of the
    transformer. latent_channels, stride (pixels a side of a latent): of the VAE.
    """

    name: str
    steps: int
    branches: int
    batch_size: int
    layers: int | None = None
    latent_channels: int | None = None
    stride: int | None = None

    def known(self, *names: str) -> tuple[int, ...]:
        """The sizes of those names. UnknownError if one of them is not known."""
        sizes = tuple(getattr(self, name) for name in names)
        if None in sizes:
            raise UnknownError(f"model {self.name} is not downloaded yet")
        return sizes

    def latents_of(self, video: VideoSize) -> int:
        """Numbers in the latents of a video: C F h w."""
        channels, stride = self.known("latent_channels", "stride")
        return channels * video.latent_frames * (video.height // stride) * (video.width // stride)

    def tokens_of(self, video: VideoSize) -> int:
        """Tokens of one forward of a video: patches of 1 x 2 x 2 latents."""
        (channels,) = self.known("latent_channels")
        return self.latents_of(video) // channels // 4


@dataclass(frozen=True, kw_only=True)
class Shard:
    """What the size of one job depends on.

    config: the settled configuration. wildcards: of the job, by their names. model: the model that it runs.
    case_count: cases of the job's shard, 0 for a job without a shard. first_case: index of the first of them among the
    cases of the task. baseline_seeds: untouched runs of each case. sizes: of each case's video; None if the cases are
    not downloaded yet.
    """

    config: Mapping[str, Any]
    wildcards: Mapping[str, str]
    model: ModelSizes
    case_count: int
    first_case: int
    baseline_seeds: int
    sizes: Sequence[VideoSize] | None

    @property
    def videos(self) -> Sequence[VideoSize]:
        """The size of each case's video. UnknownError if the cases are not downloaded yet."""
        if self.sizes is None:
            raise UnknownError("the cases are not downloaded yet")
        return self.sizes

    @property
    def largest(self) -> VideoSize:
        return max(self.videos, key=lambda video: video.elements)

    @property
    def latent_bytes(self) -> list[int]:
        """Bytes of the stored latents of each case's video."""
        return [FLOAT * self.model.latents_of(video) for video in self.videos]

    @property
    def seeds(self) -> int:
        """Runs of each case that a probe starts from."""
        return len(self.config["trajectory"]["seeds"])


@dataclass(frozen=True)
class ForwardCount:
    """Forwards: planned, and naive, with every run from its start. Some of the layers are a part of a forward."""

    planned: int | float
    naive: int | float

    def __add__(self, other: ForwardCount) -> ForwardCount:
        return ForwardCount(self.planned + other.planned, self.naive + other.naive)

    def __mul__(self, times: int) -> ForwardCount:
        return ForwardCount(self.planned * times, self.naive * times)


class Loaded(Enum):
    """The parts of a model that lie on the GPU together, in the words of the plan."""

    ENCODER = "the largest encoder"
    EXPERT = "one expert and its forward"
    VAE = "the VAE and its decoding"
    PIPELINE = "the stock pipeline, all of it"


@dataclass(frozen=True)
class Peak:
    """A moment at which a job has the most on its GPU beside the weights.

    video: the size of each video there. forward: samples in the forward that runs, 0 for none. hidden_states: hidden
    states of one sample that are kept meanwhile, beyond the forward's own; doubles: as many numbers in float64.
    streams: samples beyond the forward's own whose conditions are kept. decoded, encoded: videos that the VAE works on
    at once.
    """

    video: VideoSize
    forward: int = 0
    hidden_states: int = 0
    doubles: int = 0
    streams: int = 0
    decoded: int = 0
    encoded: int = 0


class JobCount(Protocol):
    """The size of the jobs of one rule.

    loaded: the parts of the model on the GPU, None for a rule without a GPU. batched: its forwards take
    `batch_size` samples at once, else one. manifest: it writes one beside what it keeps. Each method may raise
    UnknownError.
    """

    loaded: Loaded | None
    batched: bool
    manifest: bool = True

    def forwards(self, shard: Shard) -> ForwardCount | None:
        """Of the whole job; None for a rule that runs no network."""

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        """The moments of which one has the most on the GPU."""

    def disk(self, shard: Shard) -> float:
        """Bytes that the job keeps in its items; 0 if it keeps a few rows alone."""


class NetworkCount(JobCount):
    """A rule that runs one expert at a time, one sample a forward if nothing else is said."""

    loaded = Loaded.EXPERT
    batched = False

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        return [Peak(shard.largest, forward=1)]


class DecodingCount(JobCount):
    """A rule that decodes latents and keeps rows, in an item and a table for each case."""

    loaded = Loaded.VAE
    batched = False

    def forwards(self, shard: Shard) -> None:
        return None

    def peaks(self, shard: Shard) -> Sequence[Peak]:
        """As many videos at once as `scoring.batch_of` lets the VAE decode."""
        at_once = max(1, DECODED_AT_ONCE // shard.model.latents_of(shard.largest))
        return [Peak(shard.largest, decoded=at_once)]

    def disk(self, shard: Shard) -> float:
        return 2 * shard.case_count * ITEM


def baseline(steps: int, branches: int = 1) -> ForwardCount:
    """One run from its start to its end: c S."""
    return ForwardCount(branches * steps, branches * steps)


def item_bytes(*tensors: float) -> float:
    """Bytes of a file of tensors of so many bytes."""
    return sum(tensors) + TENSOR * len(tensors) + ITEM


@cache
def probe_counts() -> Mapping[str, JobCount]:
    """The `JobCount` of each rule of every probe, by the rule's name. ValueError if two probes count one rule."""
    counts: dict[str, JobCount] = {}
    for folder in pkgutil.iter_modules([*import_module(__package__).__path__]):
        module = f"{__package__}.{folder.name}.count"
        if not folder.ispkg or find_spec(module) is None:
            continue
        for rule, count in import_module(module).COUNTS.items():
            if rule in counts:
                raise ValueError(f"{module}: another probe counts the rule {rule} already")
            counts[rule] = count
    return counts
