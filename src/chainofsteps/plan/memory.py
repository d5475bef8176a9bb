"""The most memory that a job takes on its GPU, in bytes: the weights there, and what a forward or a decode holds.

Estimates, for attention that never holds its tokens x tokens matrix; what CUDA itself and its workspaces take, half a
gigabyte or one, is not in them. A test holds the constants against the shapes of the real networks. No torch here.

A forward of B samples of n tokens, T text tokens, width d, FFN's width f, in numbers of the model's dtype:
B (n max(HELD d, 3 d + 2 f) + TEXT_HELD T d), and PER_TOKEN n d more where each token has a timestep of its own. The
conditions of a sample that waits: T d, and PER_TOKEN_KEPT n d. To compare hidden states behind a layer (CKA):
numbers in float64, and d^2 of those for each sample.
A decode of B videos of H x W pixels, in the VAE's dtype: at its last stage, of width w and patches of p x p pixels,
B (H W / p^2) DECODED w, and B 3 T H W of a video of T frames. To encode one takes ENCODED in its place, or less. By
tiles, H W is the tile's in the first, and in the second that of all tiles so far, which overlap; at the end TILED
videos lie beside all tiles. Two bytes take HALF times the numbers, since the VAE enlarges images in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from ..model.tiles import pixels_of
from ..probes.count import FLOAT, JobCount, Loaded, Peak, Shard, UnknownError, VideoSize
from .model import Model

HELD, TEXT_HELD, PER_TOKEN, PER_TOKEN_KEPT = 12.5, 5, 22, 7
DOUBLE = 8  # bytes of a number in float64
DECODED, ENCODED, TILED, HALF = 51, 37, 3, 1.06


@dataclass(frozen=True)
class Memory:
    """Bytes on the GPU at once.

    weights: of the parts that are loaded together. held: beside them, None if that is not known before a download.
    what: both, in words.
    """

    weights: int
    held: int | None
    what: str

    @property
    def total(self) -> int:
        """At least."""
        return self.weights + (self.held or 0)


def memory_of(count: JobCount, shard: Shard) -> Memory | None:
    """Of a job; None for a rule without a GPU. UnknownError if not even its weights are known."""
    if count.loaded is None:
        return None
    model: Model = shard.model  # the plan fills it in
    loaded, what = WEIGHTS[count.loaded](model), count.loaded.value
    if model.offloaded:
        what = what.replace("one expert", "one layer of an expert")
    try:
        held = max((_bytes(model, peak) for peak in count.peaks(shard)), default=0)
        if count.loaded is Loaded.ENCODER:  # the encoders and the VAE are loaded one after the other
            held = max(0, _vae(model) + held - loaded)
        return Memory(loaded, held, what)
    except UnknownError:
        return Memory(loaded, None, what)


def forward(model: Model, batch: int, video: VideoSize, more: float = 0) -> int:
    """Bytes that a forward of a batch of videos holds; more: further hidden states that are kept meanwhile."""
    width, ffn_width, *_ = model.known("width", "ffn_width", "latent_channels", "stride")
    tokens = model.tokens_of(video)
    widest = max(HELD * width, 3 * width + 2 * ffn_width) + (PER_TOKEN * width if model.per_token else 0)
    text = TEXT_HELD * model.text_tokens * width
    return round(model.item * (batch * (tokens * widest + text) + more * tokens * width))


def decode(model: Model, batch: int, video: VideoSize, constant: int = DECODED) -> int:
    """Bytes that the VAE holds as it decodes, or with ENCODED encodes, a batch of videos."""
    (width,) = model.known("vae_width")
    pixels, frames = video.height * video.width, 3 * video.frames
    stage = constant * width / model.vae_patch**2 * (1 if model.vae_item == FLOAT else HALF)
    numbers = pixels * (stage + frames)
    if model.vae_tiling:
        tiles = pixels_of(video.height, video.width, model.known("stride")[0])
        at_work = [tile * stage + kept * frames for tile, kept in zip(tiles, accumulate(tiles), strict=True)]
        numbers = max(*at_work, (sum(tiles) + TILED * pixels) * frames)
    return round(batch * model.vae_item * numbers)


def _bytes(model: Model, peak: Peak) -> int:
    if peak.decoded or peak.encoded:
        return decode(model, peak.decoded or peak.encoded, peak.video, DECODED if peak.decoded else ENCODED)
    (width,) = model.known("width")
    tokens = model.tokens_of(peak.video)
    conditions = model.text_tokens + PER_TOKEN_KEPT * tokens * model.per_token
    compared = DOUBLE * width * (peak.doubles * tokens + peak.streams * width * (peak.doubles > 0))
    beside = model.item * peak.streams * conditions * width + compared
    return forward(model, peak.forward, peak.video, peak.hidden_states) + beside


def _parts(model: Model, *parts: str) -> list[int]:
    """Bytes of parts of the checkpoint. UnknownError for a part whose size is not known."""
    missing = [part for part in parts if part not in model.weights]
    if missing:
        raise UnknownError(f"the size of its {missing[0]} is not known before model {model.name} is here")
    return [model.weights[part] for part in parts]


def _expert(model: Model) -> int:
    if model.offloaded:  # its largest layer: what makes six numbers of the time, or the FFN
        width, ffn_width = model.known("width", "ffn_width")
        return model.item * (width + 1) * max(6 * width, ffn_width)
    return sum(_parts(model, "expert"))


def _vae(model: Model) -> int:
    return sum(_parts(model, "vae"))


def _encoders(model: Model) -> list[int]:
    return _parts(model, "text_encoder", "vae", *["image_encoder"] * (model.image_width > 0))


WEIGHTS: dict[Loaded, Callable[[Model], int]] = {
    Loaded.EXPERT: _expert,
    Loaded.VAE: _vae,
    Loaded.ENCODER: lambda model: max(_encoders(model)),
    Loaded.PIPELINE: lambda model: sum(_encoders(model)) + model.experts * _expert(model),
}
