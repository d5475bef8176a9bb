"""The most memory that a job takes on its GPU: weights that are there at once, and what a forward or a decode holds.

Estimates, for attention that never holds its tokens x tokens matrix; what CUDA itself and its workspaces take, half a
gigabyte or one, is not in them. A test holds the constants against the shapes of the real networks. No torch here.

A forward of B samples of n tokens, T text tokens, width d, FFN's width f, in numbers of the model's dtype:
B (n max(HELD d, 3 d + 2 f) + TEXT_HELD T d), and PER_TOKEN n d more where each token has a timestep of its own.
A decode of B videos of H x W pixels, float32: at the VAE's last stage, of width w and patches of p x p pixels,
B (H W / p^2) DECODED w, and B 3 T H W of a video of T frames. To encode one takes less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model.sizes import EMBEDDED_FRAMES, latent_frames_of
from ..probes.ensemble import spec as windows
from ..probes.noise.spec import expand
from ..probes.swap import spec as swaps
from .cases import EMBEDDED_SIDE, Size, latents_of, tokens_of
from .forwards import UnknownError, Work

HELD, TEXT_HELD, PER_TOKEN = 12.5, 5, 22
DECODED = 51
FLOAT = 4
DECODED_AT_ONCE = 2**16  # numbers in the latents of a batch of the VAE: scoring.BATCH_ELEMENTS


@dataclass(frozen=True)
class Memory:
    """Bytes on the GPU at once. weights: of the parts that are loaded together; held: beside them, None if that is not
    known before something is downloaded."""

    weights: int
    held: int | None
    what: str

    @property
    def total(self) -> int:
        """At least."""
        return self.weights + (self.held or 0)


@dataclass(frozen=True)
class Reckoned:
    """How the memory of a rule's jobs is reckoned: their weights, and what they hold beside them."""

    what: str
    weights: Callable[[Work], int]
    held: Callable[[Work], int]


def memory_of(work: Work) -> Memory | None:
    """Of a job; None for a rule without a GPU. UnknownError if not even its weights are known."""
    by = RECKONED.get(work.job.rule)
    if by is None:
        return None
    loaded, what = by.weights(work), by.what
    if work.model.offloaded:
        what = what.replace("one expert", "one layer of an expert")
    try:
        return Memory(loaded, by.held(work), what)
    except UnknownError:
        return Memory(loaded, None, what)


def forward(work: Work, batch: int, size: Size, more: float = 0) -> int:
    """Bytes that a forward of a batch of videos holds; more: further hidden states that are kept meanwhile."""
    width, ffn_width, *_ = work.of_model("width", "ffn_width", "latent_channels", "stride")
    model, tokens = work.model, tokens_of(size, work.model)
    widest = max(HELD * width, 3 * width + 2 * ffn_width) + (PER_TOKEN * width if model.per_token else 0)
    text = TEXT_HELD * model.text_tokens * width
    return round(model.item * (batch * (tokens * widest + text) + more * tokens * width))


def decode(work: Work, batch: int, size: Size) -> int:
    """Bytes that the VAE holds as it decodes, or encodes, a batch of videos."""
    (width,), (frames, height, side) = work.of_model("vae_width"), size
    pixels = batch * height * side
    return round(FLOAT * pixels * (DECODED * width / work.model.vae_patch**2 + 3 * frames))


def weights(work: Work, *parts: str) -> list[int]:
    """Bytes of parts of the checkpoint. UnknownError for one whose size is not known."""
    known = work.model.weights
    missing = [part for part in parts if part not in known]
    if missing:
        raise UnknownError(f"the size of its {missing[0]} is not known before model {work.model.name} is here")
    return [known[part] for part in parts]


def _largest(work: Work) -> Size:
    return max(work.sizes, key=lambda size: size[0] * size[1] * size[2])


def _expert(work: Work) -> int:
    if work.model.offloaded:  # its largest layer: what makes six numbers of the time, or the FFN
        width, ffn_width = work.of_model("width", "ffn_width")
        return work.model.item * (width + 1) * max(6 * width, ffn_width)
    return sum(weights(work, "expert"))


def _vae(work: Work) -> int:
    return sum(weights(work, "vae"))


def _encoder(work: Work) -> int:
    """They are loaded one after the other."""
    return max(weights(work, "text_encoder", "vae", *_images(work)))


def _pipeline(work: Work) -> int:
    """The stock pipeline: all parts at once."""
    return sum(weights(work, "text_encoder", "vae", *_images(work))) + work.model.experts * _expert(work)


def _images(work: Work) -> list[str]:
    return ["image_encoder"] if work.model.image_width else []


def _one(work: Work) -> int:
    return forward(work, 1, _largest(work))


def _noise(work: Work) -> int:
    runs = expand(work.config["noise"], work.model.steps, latent_frames_of(_largest(work)[0]))
    return forward(work, min(work.model.batch_size, len(runs)), _largest(work))


def _ensemble(work: Work) -> int:
    (layers,) = work.of_model("layers")
    runs = windows.distinct(windows.expand(work.config["ensemble"], layers))
    streams = len(work.config["ensemble"]["seeds"]) * len(runs)  # at most: what several need is there once
    return forward(work, min(work.model.batch_size, streams), _largest(work), streams)


def _swap(work: Work) -> int:
    (layers,) = work.of_model("layers")
    runs = swaps.expand(work.config["swap"], work.model.steps, layers, work.in_matrix > 0)
    return forward(work, min(work.model.batch_size, len(runs)), _largest(work), 4)  # source and target, in and out


def _encoding(work: Work) -> int:
    """What the VAE takes beyond the largest encoder's weights, if it does."""
    return max(0, _vae(work) + decode(work, 1, _largest(work)) - _encoder(work))


def _decode(work: Work) -> int:
    size = _largest(work)
    work.of_model("latent_channels", "stride")
    return decode(work, max(1, DECODED_AT_ONCE // latents_of(size, work.model)), size)


def _panels(work: Work) -> int:
    shown = [panel for panel in work.config["panels"] if panel["figure"] == work.job.wildcards["figure"]]
    return max(decode(work, 1, work.size_of(panel["puzzle"], panel["case"])) for panel in shown)


def _skill(work: Work) -> int:
    size = (EMBEDDED_FRAMES, EMBEDDED_SIDE, EMBEDDED_SIDE)
    return max(forward(work, 1, size), decode(work, 1, size))


FORWARD, DECODING = "one expert and its forward", "the VAE and its decoding"
RECKONED: dict[str, Reckoned] = {
    **dict.fromkeys(("trajectory", "few_steps", "frames", "activations"), Reckoned(FORWARD, _expert, _one)),
    "noise": Reckoned(FORWARD, _expert, _noise),
    "ensemble": Reckoned(FORWARD, _expert, _ensemble),
    "swap": Reckoned(FORWARD, _expert, _swap),
    "conditioning": Reckoned("the largest encoder", _encoder, _encoding),
    **dict.fromkeys(("score", "x0_pred", "few_steps_score", "frames_score"), Reckoned(DECODING, _vae, _decode)),
    **dict.fromkeys(("ensemble_score", "swap_score", "evalkit"), Reckoned(DECODING, _vae, _decode)),
    "panels": Reckoned(DECODING, _vae, _panels),
    "skill": Reckoned("the stock pipeline, all of it", _pipeline, _skill),
}
