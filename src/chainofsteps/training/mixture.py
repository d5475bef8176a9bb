"""What training sees: how often each puzzle comes, and in which lengths and sizes of video.

Games and objects that the prompt alone describes take more clips to learn than the rest and come more often. A part
of the clips is shorter than 17 frames (the same story in fewer frames), so that a study of the frame count measures
the count and not a length that the model has never met; and a rule is learnt from short clips as well, of which there
are more in a batch. With one frame there is nothing but the given first frame.
"""

from dataclasses import dataclass

import numpy as np

from ..bench import puzzles
from ..bench.puzzles.canvas import FRAMES, SIZE, Puzzle, resampled
from ..names import IN_DOMAIN

LARGE = 80
TOKENS = 64 * 80  # of the transformer in a batch: 64 clips of 17 frames at 64 pixels
LARGE_MAZES = ("loop_maze_5", "unique_maze_5")
TURNS = {  # others: 1
    "object_sets": 8,
    "tic_tac_toe_single": 8,
    "next_size": 4,
    "tic_tac_toe": 3,
    "rotation": 2,
    "occlusion": 2,
    "bounce": 2,
    "find_then_move": 2,
    "loop_maze": 2,
}
VAE_TURNS = {  # small shapes and a ball that flies are what it learns last
    "find_then_move": 10,
    "bounce": 10,
    "next_size": 5,
    "object_sets": 2,
    "occlusion": 2,
    "shelf": 2,
    "any_shelf": 2,
}


@dataclass(frozen=True)
class Shape:
    """The shape of clips that are in one batch."""

    frames: int
    side: int  # pixels
    share: float  # of the batches

    @property
    def name(self) -> str:
        return f"{self.frames}x{self.side}"

    @property
    def latent_shape(self) -> tuple[int, int, int, int]:
        """(channels, latent frames, height, width) of the embedded VAE: 4x in time, 8x in space."""
        return 16, (self.frames + 3) // 4, self.side // 8, self.side // 8

    @property
    def batch(self) -> int:
        """Clips in a batch, an even number: every batch costs about the same."""
        _, frames, height, width = self.latent_shape
        return TOKENS // (frames * height * width // 4) // 2 * 2


@dataclass(frozen=True)
class Bucket(Shape):
    """Clips of one shape, of the puzzles that are drawn in that size."""

    def puzzles(self, turns: dict[str, int] = TURNS) -> tuple[str, ...]:
        """The in-domain puzzles of this size, each as often as it has turns."""
        if self.side == LARGE:
            return LARGE_MAZES
        return tuple(name for name in IN_DOMAIN if name not in LARGE_MAZES for _ in range(turns.get(name, 1)))


BUCKETS = (
    Bucket(FRAMES, SIZE, 0.53),
    Bucket(FRAMES, LARGE, 0.09),
    Bucket(13, SIZE, 0.06),
    Bucket(9, SIZE, 0.12),
    Bucket(5, SIZE, 0.19),
    Bucket(1, SIZE, 0.01),
)
VAE_BUCKETS = (  # for the VAE: whole clips, so that it does not drift, and fast ones, whose story is told in few frames
    Bucket(FRAMES, SIZE, 0.50),
    Bucket(FRAMES, LARGE, 0.10),
    Bucket(13, SIZE, 0.10),
    Bucket(9, SIZE, 0.15),
    Bucket(5, SIZE, 0.15),
)


def bucket_of_step(step: int, seed: int, buckets: tuple[Bucket, ...] = BUCKETS) -> Bucket:
    """The bucket of a batch: a function of seed and step, the same in all processes."""
    shares = np.array([bucket.share for bucket in buckets])
    return buckets[np.random.default_rng([seed, step]).choice(len(buckets), p=shares / shares.sum())]


def clips_seen(steps: int, seed: int) -> int:
    """Clips in the transformer's first ``steps`` batches."""
    return sum(bucket_of_step(step, seed).batch for step in range(steps))


def training_puzzle(bucket: Bucket, index: int, seed: int, turns: dict[str, int] = TURNS) -> Puzzle:
    """Training clip number ``index`` of a bucket: puzzles take turns; never a held-out layout."""
    names = bucket.puzzles(turns)
    number = [other.name for other in BUCKETS].index(bucket.name)
    stream = (seed * len(BUCKETS) + number) * 10_000_000  # no two buckets or seeds share a clip
    puzzle = puzzles.draw(names[index % len(names)], stream + index, held_out=False)
    return Puzzle(puzzle.prompt, resampled(puzzle.video, bucket.frames), puzzle.layout)
