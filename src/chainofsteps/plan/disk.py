"""Bytes that a job keeps on disk, from the shapes and dtypes of what its script writes. No torch here.

Latents are float32. What stands beside the numbers (headers, metadata, manifests, rows of tables) is reckoned by the
constants below, which were read off finished runs: on large videos it is nothing, on tiny ones a tenth.
"""

from __future__ import annotations

from collections.abc import Callable

from ..config.tasks import untouched_seeds
from ..model.sizes import latent_frames_of
from ..probes.ensemble import spec as windows
from ..probes.frames.spec import other_counts
from ..probes.indices import indices
from ..probes.noise.spec import expand
from ..probes.swap import spec as swaps
from .cases import latents_of, tokens_of
from .forwards import Work
from .model import IMAGE_TOKENS

FLOAT = 4
SHARD, ITEM, TENSOR = 1_000, 1_200, 130  # of a manifest; of a file and its line there; of a tensor's line in the file
CKA_ROW, SCORE_ROW = 265, 300  # in a file's metadata, and again in the shard's table
X0_PRED_ROW = 1_300  # of one step of one run: masses, readings, frames
CASE_MADE_HERE = 7_500
OF_LATENTS = 2  # runs of the ensemble from the mean of the seeds' latents
REFERENCES = 5  # untouched, re-seeded, ground truth and the two floors


def disk_of(work: Work) -> int:
    """Bytes; 0 for a rule that keeps a few rows alone. UnknownError if they are not known yet."""
    kept = KEPT.get(work.job.rule)
    return round(kept(work)) + SHARD * ("shard" in work.job.wildcards) if kept else 0


def item(*tensors: int) -> int:
    """A file of tensors of so many bytes."""
    return sum(tensors) + TENSOR * len(tensors) + ITEM


def _latents(work: Work) -> list[int]:
    """Bytes of each case's latents."""
    work.of_model("latent_channels", "stride")
    return [FLOAT * latents_of(size, work.model) for size in work.sizes]


def _cases(work: Work) -> int:
    return work.number * CASE_MADE_HERE if work.config["cases"]["folder"] is None else work.number * ITEM


def _conditioning(work: Work) -> int:
    channels, text_width = work.of_model("latent_channels", "text_width")
    model, total = work.model, 0
    text = [model.text_tokens * text_width * model.item] * model.branches
    image = [IMAGE_TOKENS * model.image_width * FLOAT] if model.image_width else []
    for (frames, *_), latents in zip(work.sizes, _latents(work), strict=True):
        if model.per_token:  # latents of the first frame, and a mask of one channel
            given = [latents // latent_frames_of(frames), latents // channels]
        else:  # beside them a mask of a channel for each frame of a latent frame
            given = [latents + 4 * latents // channels]
        total += item(*text, *image, *given)
    return total


def _trajectory(work: Work) -> int:
    seeds, steps = len(untouched_seeds(work.config)), work.model.steps + 1
    return seeds * sum(item(steps * latents, steps * FLOAT) for latents in _latents(work))


def _noise(work: Work) -> int:
    steps, total = work.model.steps, 0
    for (frames, *_), latents in zip(work.sizes, _latents(work), strict=True):
        runs = expand(work.config["noise"], steps, latent_frames_of(frames))
        rows = steps + sum(steps - run.first_step for run in runs)  # the re-seed null's, and each run's
        total += item(*[latents] * len(runs)) + rows * CKA_ROW
    return total * work.seeds


def _few_steps(work: Work) -> int:
    return work.seeds * len(work.other_steps) * sum(map(item, _latents(work)))


def _frames(work: Work) -> int:
    total = 0
    for (frames, *_), latents in zip(work.sizes, _latents(work), strict=True):
        of_frame = latents // latent_frames_of(frames)
        others = other_counts(work.config["frames"]["counts"], frames)
        total += sum(item(of_frame * latent_frames_of(count)) for count in others)
    return total * work.seeds


def _ensemble(work: Work) -> int:
    (layers,) = work.of_model("layers")
    runs = len(windows.distinct(windows.expand(work.config["ensemble"], layers))) + OF_LATENTS
    return sum(item(*[latents] * runs) for latents in _latents(work))


def _activations(work: Work) -> int:
    (layers, *_), asked = work.of_model("layers", "latent_channels", "stride"), work.config["activations"]
    kept = len(indices("activations.layers", asked["layers"], layers)) * FLOAT
    forwards = len(asked["steps"]) * (2 if asked["branch"] == "both" else 1)
    return work.seeds * sum(item(*[kept * tokens_of(size, work.model)] * forwards) for size in work.sizes)


def _swap(work: Work) -> int:
    (layers,), asked, total = work.of_model("layers"), work.config["swap"], 0
    for index, latents in enumerate(_latents(work) if work.number > 1 else []):
        runs = len(swaps.expand(asked, work.model.steps, layers, index < work.in_matrix))
        kept = runs * (2 if "final" in asked["readouts"] else 1) + 1  # x0_pred, final latents; the source's
        total += item(*[latents] * kept)
    return total * work.seeds


def _score(work: Work) -> int:
    rows = 0
    for frames, *_ in work.sizes:
        runs = expand(work.config["noise"], work.model.steps, latent_frames_of(frames))
        rows += work.seeds * len(runs) + REFERENCES
    return work.number * ITEM + rows * SCORE_ROW


def _x0_pred(work: Work) -> int:
    runs = work.number * (work.seeds + 1)  # and the re-seed null's
    return runs * (ITEM + work.model.steps * X0_PRED_ROW)


def _panels(work: Work) -> int:
    """Pictures of the frames that the panels of one figure show, 3 bytes a pixel."""
    shown = [panel for panel in work.config["panels"] if panel["figure"] == work.job.wildcards["figure"]]
    total = 0
    for panel in shown:
        _, height, width = work.size_of(panel["puzzle"], panel["case"])
        total += len(panel["steps"]) * len(panel["frames"]) * 3 * height * width
    return item(total)


def _items_alone(work: Work) -> int:
    return 2 * work.number * ITEM


KEPT: dict[str, Callable[[Work], float]] = {
    "cases": _cases,
    "conditioning": _conditioning,
    "trajectory": _trajectory,
    "noise": _noise,
    "few_steps": _few_steps,
    "frames": _frames,
    "ensemble": _ensemble,
    "activations": _activations,
    "swap": _swap,
    "score": _score,
    "x0_pred": _x0_pred,
    "panels": _panels,
    **dict.fromkeys(("few_steps_score", "frames_score", "ensemble_score", "swap_score", "evalkit"), _items_alone),
}
