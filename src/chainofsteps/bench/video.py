"""Video files. No diffusers here: a job that only makes puzzles need not wait for its import."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ..errors import InputError
from ..files import atomic_write

# x264's quality for what is written: the puzzles' rule scores survive the round trip. Without cpu-independent the
# bytes depend on the processor, and even on where the frames lie in memory.
QUALITY = {"crf": "8", "preset": "medium", "x264-params": "cpu-independent=1"}


def write_mp4(path: str | Path, video: np.ndarray, fps: int = 16, to_seek: bool = False) -> None:
    """Write uint8 (T, H, W, 3), H and W even, as H.264, whole or not at all.

    to_seek: every frame stands for itself, for a reader that looks each up by its number; the file is larger.
    Raises InputError if a side is odd or the place cannot be written.
    """
    _, height, width, _ = video.shape
    if height % 2 or width % 2:
        raise InputError(f"{path}: {height}x{width} pixels; H.264 needs even sides")

    def encode(partial: Path) -> None:
        with av.open(str(partial), "w", format="mp4") as container:
            options = {**QUALITY, "g": "1"} if to_seek else QUALITY
            stream = container.add_stream("libx264", rate=Fraction(fps), options=options)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.thread_count = 1  # a fixed number: the same bytes on every machine
            for frame in video:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())

    atomic_write(path, encode)


def beside(videos: Sequence[np.ndarray], side: int = 192, gap: int = 8) -> np.ndarray:
    """One video uint8 (T, H, W, 3) of several, left to right, on white; H and W even.

    Those with a side below `side` pixels are enlarged by a whole number; short ones stay at their last frame.
    """
    larger = [video.repeat(scale, 1).repeat(scale, 2) for video in videos if (scale := max(1, side // video.shape[1]))]
    length, height = (max(video.shape[axis] for video in larger) for axis in (0, 1))
    width = sum(video.shape[2] for video in larger) + gap * (len(larger) - 1)
    page = np.full((length, height + height % 2, width + width % 2, 3), 255, np.uint8)
    left = 0
    for video in larger:
        _, rows, columns, _ = video.shape
        shown = video[np.minimum(np.arange(length), len(video) - 1)]
        page[:, :rows, left : left + columns] = shown
        left += columns + gap
    return page


def read_mp4(path: str | Path) -> np.ndarray:
    """uint8 (T, H, W, 3) of a video file. Raises InputError if it is missing or cannot be read."""
    try:
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (OSError, av.FFmpegError) as error:
        raise InputError(f"cannot read video {path}: {error}; restore the file") from error
    if not frames:
        raise InputError(f"video {path} has no frames; restore the file")
    return np.stack(frames)
