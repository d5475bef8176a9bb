"""What every puzzle must keep, over 150 random seeds."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from chainofsteps.bench.puzzles.canvas import resampled
from chainofsteps.bench.video import read_mp4, write_mp4

seeds = st.integers(0, 2**40)
many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def check_puzzle(module, seed: int) -> None:
    """True video solved after its mp4 round trip and in fewer frames, first frame and noise not; the seed decides."""
    puzzle = module.generate(seed)
    with TemporaryDirectory() as folder:
        write_mp4(Path(folder) / "clip.mp4", puzzle.video)
        assert module.score(read_mp4(Path(folder) / "clip.mp4"), puzzle.layout) == 1.0
    for frames in (5, 9, 13):
        assert module.score(resampled(puzzle.video, frames), puzzle.layout) == 1.0
    assert module.score(np.repeat(puzzle.video[:1], 17, axis=0), puzzle.layout) <= 0.3
    noise = np.random.default_rng(seed).integers(0, 256, puzzle.video.shape).astype(np.uint8)
    assert module.score(noise, puzzle.layout) <= 0.3
    again = module.generate(seed)
    assert again.layout == puzzle.layout and np.array_equal(again.video, puzzle.video)
