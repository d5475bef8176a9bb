"""Scores of videos, with the floors and the ceiling they are read against."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

from ..model.vae import decode, encode
from ..run.denoise import generator
from .cases import Case, true_clip
from .puzzles import on_board, puzzle
from .puzzles.canvas import resampled

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan

# Latents in one batch of the VAE: 12 clips of the embedded model, which halves its time; one large clip.
BATCH_ELEMENTS = 2**16

Result = TypeVar("Result")
Scorer = Callable[[Case, np.ndarray], float]  # `score`, or the scorer of bench/evalkit/scores.py


def score(case: Case, video: np.ndarray) -> float:
    """In [0, 1], 1.0 solved; video uint8 (T, H, W, 3), of any size that a puzzle is drawn in. Raises InputError for a
    task that is not a puzzle."""
    return float(puzzle(case.task).score(on_board(case.task, video), case.layout))


def scores(
    case: Case, vae: "AutoencoderKLWan", latents: torch.Tensor, scorer: Scorer = score, at_once: int = 1
) -> list[float]:
    """In [0, 1], of each of the final latents (B, C, F, h, w), decoded: as many at once as small videos allow.

    at_once: see `scored`. Raises InputError if the scorer has no score for a video, by default for a task that is not
    a puzzle.
    """
    return list(scored(partial(scorer, case), decoded(vae, latents), at_once))


def decoded(vae: "AutoencoderKLWan", latents: torch.Tensor) -> Iterator[np.ndarray]:
    """The video uint8 (T, H, W, 3) of each of the final latents (B, C, F, h, w), as they are asked for."""
    batch_size = batch_of(latents)
    return (video for chunk in latents.split(batch_size) for video in decode(vae, chunk, batch_size))


def scored(scorer: Callable[[np.ndarray], Result], videos: Iterable[np.ndarray], at_once: int = 1) -> Iterator[Result]:
    """What a scorer says of each video, in their order.

    at_once: above 1 so many are scored side by side, each in a thread, while the next are decoded: for a scorer that
    waits for another program. Twice as many videos are in memory at most.
    """
    if at_once == 1:
        yield from map(scorer, videos)
        return
    with ThreadPoolExecutor(at_once) as pool:
        waiting: deque[Future[Result]] = deque()
        for video in videos:
            waiting.append(pool.submit(scorer, video))
            if len(waiting) >= 2 * at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def batch_of(latents: torch.Tensor) -> int:
    """How many of latents (B, C, F, h, w) the VAE decodes at once."""
    return max(1, BATCH_ELEMENTS // latents[0].numel())


def through_vae(vae: "AutoencoderKLWan", video: np.ndarray) -> np.ndarray:
    """A video uint8 (T, H, W, 3), T = 4k + 1, encoded and decoded: what the VAE leaves of it."""
    return decode(vae, encode(vae, video))[0]


def references(
    case: Case, vae: "AutoencoderKLWan", latents_shape: tuple[int, ...], scorer: Scorer = score, at_once: int = 1
) -> dict[str, float]:
    """Scores in [0, 1] of what is no run of the model, by name.

    ground_truth: the true clip through the VAE, told in the case's number of frames, or its last frame repeated to the
    length of longer runs. floor_static: the first frame repeated. floor_noise: decoded N(0, I) latents of
    `latents_shape` (1, C, F, h, w). Raises InputError as `scores` does, or for a true clip that cannot be read.
    """
    noise = torch.randn(latents_shape, generator=generator("floor_noise", case.task, case.name))
    truth = true_clip(case)
    if len(truth) < case.frames:
        truth = np.concatenate([truth, np.repeat(truth[-1:], case.frames - len(truth), axis=0)])
    truth = resampled(truth, case.frames)
    videos = {
        "ground_truth": through_vae(vae, truth),
        "floor_static": np.repeat(case.first_frame[None], case.frames, axis=0),
        "floor_noise": decode(vae, noise)[0],
    }
    return dict(zip(videos, scored(partial(scorer, case), videos.values(), at_once), strict=True))
