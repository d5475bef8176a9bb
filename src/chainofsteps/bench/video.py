"""Videos and single frames in files, by imageio. A job that only makes puzzles need not wait for diffusers."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import einops
import imageio.v3 as iio
import numpy as np
from imageio.plugins.pyav import PyAVPlugin
from jaxtyping import UInt8
from PIL import Image, PngImagePlugin

from ..errors import InputError
from ..files import atomic_write
from ..names import CRF

Frame = UInt8[np.ndarray, "height width 3"]
Video = UInt8[np.ndarray, "frames height width 3"]

PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 2**26  # some programs keep their whole graph there
EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX")  # pillow's modes that lose nothing in RGB but opacity
MOST_PIXELS = 2**26  # of a picture; no model takes a sixteenth of them
OPACITY = ("LA", "PA", "RGBA")  # those of them that have it
# x264's settings: the puzzles' rule scores survive the round trip. Without cpu-independent the bytes depend on the
# processor, and even on the frames' place in memory; with one thread they are the same on every machine.
X264 = {"crf": str(CRF), "preset": "medium", "x264-params": "cpu-independent=1", "threads": "1"}


class X264Writer(PyAVPlugin):
    """imageio's PyAV plugin with the encoder's own settings, for which the plugin has no argument."""

    def init_video_stream(self, codec: str, *, options: dict[str, str], **settings) -> None:
        super().init_video_stream(codec, **settings)
        self._video_stream.codec_context.options.update(options)


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Within, collecting garbage looks at new objects alone: imageio collects at each close, 0.3 s beside torch."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@only_new_garbage()
def write_mp4(path: str | Path, video: Video, fps: int = 16, to_seek: bool = False, crf: int = CRF) -> None:
    """Write a video, height and width even, as H.264, whole or not at all.

    to_seek: every frame is a key frame, for a reader that looks frames up by number; the file is larger. crf: of x264.
    Raises InputError if a side is odd or the place cannot be written.
    """
    _, height, width, _ = video.shape
    if height % 2 or width % 2:
        raise InputError(f"{path}: {height}x{width} pixels; H.264 needs even sides")
    options = {**X264, "crf": str(crf), **({"g": "1"} if to_seek else {})}

    def encode(partial: Path) -> None:
        with iio.imopen(partial, "w", plugin=X264Writer, extension=".mp4", container="mp4") as file:
            file.init_video_stream("libx264", fps=fps, pixel_format="yuv420p", options=options)
            for frame in video:
                file.write_frame(frame)

    atomic_write(path, encode)


@only_new_garbage()
def read_mp4(path: str | Path) -> Video:
    """The frames of a video file. Raises InputError if it is missing or cannot be read."""
    try:
        with av.open(str(path)) as file:
            if not file.streams.video:
                raise InputError(f"{path} holds no stream of pictures; restore the file")
            turned = next((frame.rotation for frame in file.decode(video=0)), 0)
        frames = list(iio.imiter(path, plugin="pyav"))
    except (OSError, av.FFmpegError) as error:
        raise InputError(f"cannot read video {path}: {error}; restore the file") from error
    if not frames:
        raise InputError(f"video {path} has no frames; restore the file")
    if turned:  # a player turns it, as phones ask for
        raise InputError(f"video {path} lies on its side (rotation {turned}); save it upright, such as by ffmpeg")
    if len({frame.shape for frame in frames}) > 1:
        raise InputError(f"video {path} changes its size on the way; save it in one size")
    return np.stack(frames)


def frames_in(path: str | Path) -> int:
    """The number of frames of a video file, by its packets: nothing is decoded. Raises InputError as `read_mp4` does,
    but for what only the pictures tell."""
    try:
        with av.open(str(path)) as file:
            if not file.streams.video:
                raise InputError(f"{path} holds no stream of pictures; restore the file")
            count = sum(packet.size > 0 for packet in file.demux(file.streams.video[0]))
    except (OSError, av.FFmpegError) as error:
        raise InputError(f"cannot read video {path}: {error}; restore the file") from error
    if not count:
        raise InputError(f"video {path} has no frames; restore the file")
    return count


def resized(video: Video, height: int, width: int, filter: Image.Resampling = Image.Resampling.BICUBIC) -> Video:
    """A video of another size, frame by frame, by a filter of pillow; the same video if it has that size."""
    if video.shape[1:3] == (height, width):
        return video
    return np.stack([np.asarray(Image.fromarray(frame).resize((width, height), filter)) for frame in video])


def write_png(path: str | Path, frame: Frame) -> None:
    """Write one frame. Raises OSError if the place cannot be written."""
    iio.imwrite(path, frame, plugin="pillow", extension=".png")


def read_png(path: str | Path) -> Frame:
    """The picture of a file, upright, in eight bits a colour.

    Raises OSError if it is missing or is no picture, and InputError if its colours are others, if it is far too large,
    or if it is transparent in part: then nobody knows what it looks like.
    """
    try:
        with iio.imopen(path, "r", plugin="pillow") as file:
            about = file.metadata(index=0, exclude_applied=False)
            width, height = about["shape"]
            if width * height > MOST_PIXELS:
                raise InputError(f"{path} has {width}x{height} pixels; scale it down to {MOST_PIXELS:,} at most")
            if about["mode"] not in EIGHT_BITS:
                raise InputError(f"{path} has colours of mode {about['mode']}; save it as RGB with eight bits a colour")
            with_opacity = about["mode"] in OPACITY or "transparency" in about
            if with_opacity and file.read(index=0, mode="RGBA")[..., 3].min() < 255:
                raise InputError(f"{path} is transparent in part; lay it on a background and save it as RGB")
            return file.read(index=0, mode="RGB", rotate=True)
    except OSError as error:  # imageio's own words say nothing of what pillow found
        if isinstance(error.__cause__, Image.DecompressionBombError):
            raise InputError(f"{path} is too large ({error.__cause__}); scale it down") from error
        raise OSError(str(error.__cause__ or error)) from error


def beside(videos: Sequence[Video], side: int = 192, gap: int = 8) -> Video:
    """One video of several, left to right, on white; height and width even.

    Those with a side below `side` pixels are enlarged by a whole number; short ones stay at their last frame.
    """
    larger = [
        einops.repeat(video, "t h w c -> t (h y) (w x) c", y=scale, x=scale)
        for video in videos
        if (scale := max(1, side // video.shape[1]))
    ]
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
