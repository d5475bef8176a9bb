import av
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from chainofsteps.bench.puzzles import draw
from chainofsteps.bench.video import beside, frames_in, read_mp4, read_png, write_mp4, write_png
from chainofsteps.errors import InputError


def moving_square(frames=17, size=64):
    video = np.full((frames, size, size, 3), 255, np.uint8)
    for frame in range(frames):
        video[frame, 24:40, 2 * frame : 2 * frame + 16] = (220, 40, 40)
    return video


def test_a_video_survives_its_file(tmp_path):
    video = moving_square()
    write_mp4(tmp_path / "v" / "x.mp4", video, fps=8)
    back = read_mp4(tmp_path / "v" / "x.mp4")
    assert back.shape == video.shape and back.dtype == np.uint8
    assert np.abs(back.astype(int) - video).mean() < 3
    with av.open(str(tmp_path / "v" / "x.mp4")) as container:
        assert container.streams.video[0].average_rate == 8
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["x.mp4"]


def test_every_frame_of_a_video_to_seek_in_stands_for_itself(tmp_path):
    for to_seek, keys in ((True, 17), (False, 1)):
        write_mp4(tmp_path / "x.mp4", moving_square(), to_seek=to_seek)
        with av.open(str(tmp_path / "x.mp4")) as container:
            assert sum(frame.key_frame for frame in container.decode(video=0)) == keys
    assert np.abs(read_mp4(tmp_path / "x.mp4").astype(int) - moving_square()).mean() < 3


def test_the_same_video_is_the_same_bytes_wherever_it_lies_in_memory(tmp_path):
    video, elsewhere, written = draw("loop_maze", 900001, held_out=True).video, [], set()
    for turn in range(40):
        elsewhere.append(bytearray(977 * turn + 13))
        write_mp4(tmp_path / "x.mp4", video)
        written.add((tmp_path / "x.mp4").read_bytes())
    assert len(written) == 1


def test_bad_videos(tmp_path):
    with pytest.raises(InputError, match="63x64 pixels; H.264 needs even sides"):
        write_mp4(tmp_path / "x.mp4", moving_square()[:, :63])
    with pytest.raises(InputError, match="cannot read video .*x.mp4"):
        read_mp4(tmp_path / "x.mp4")
    write_mp4(tmp_path / "x.mp4", moving_square())
    (tmp_path / "x.mp4").write_bytes((tmp_path / "x.mp4").read_bytes()[:200])
    with pytest.raises(InputError, match="cannot read video .*x.mp4"):
        read_mp4(tmp_path / "x.mp4")


def test_folder_not_writable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write .*x.mp4: .*choose a writable folder"):
        write_mp4(tmp_path / "file" / "x.mp4", moving_square())


def test_videos_stand_beside_each_other_in_one():
    small, large = moving_square(5, 64), moving_square(9, 100)
    page = beside([small, large], side=200, gap=6)
    assert page.shape == (9, 200, 192 + 6 + 200, 3)
    assert (page[0, ::3, :192:3][:64] == small[0]).all() and (page[8, :192:3, :192:3] == small[-1]).all()
    assert (page[4, ::2, 198::2] == large[4]).all() and (page[:, :, 192:198] == 255).all()


def test_pictures_of_any_colours_are_read_as_three_channels(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(OSError):
        read_png(tmp_path / "x.png")
    frame = moving_square()[3]
    write_png(tmp_path / "x.png", frame)
    assert (read_png(tmp_path / "x.png") == frame).all()
    for mode in ("RGBA", "L", "P"):
        Image.fromarray(frame).convert(mode).save(tmp_path / "x.png")
        expected = np.asarray(Image.fromarray(frame).convert(mode).convert("RGB"))
        assert (read_png(tmp_path / "x.png") == expected).all(), mode


def test_the_bytes_and_pixels_are_those_of_the_libraries_below(tmp_path):
    """Cases are known by the sha256 of their files: these bytes move with no change of the library that writes them."""
    video = draw("loop_maze", 900001, held_out=True).video
    write_mp4(tmp_path / "x.mp4", video)
    write_png(tmp_path / "x.png", video[0])
    with av.open(str(tmp_path / "y.mp4"), "w", format="mp4") as container:
        options = {"crf": "8", "preset": "medium", "x264-params": "cpu-independent=1"}
        stream = container.add_stream("libx264", rate=16, options=options)
        stream.width, stream.height, stream.pix_fmt = *video.shape[2:0:-1], "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in video:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    Image.fromarray(video[0]).save(tmp_path / "y.png")
    for name in ("mp4", "png"):
        assert (tmp_path / f"x.{name}").read_bytes() == (tmp_path / f"y.{name}").read_bytes()
    with av.open(str(tmp_path / "x.mp4")) as container:
        pixels = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert (read_mp4(tmp_path / "x.mp4") == pixels).all()


HALF = np.zeros((64, 64, 3), np.uint8)
HALF[:32] = (255, 0, 0)
TURNED = {  # how the picture of a camera that was held in another way is turned upright, by EXIF's number
    1: lambda frame: frame,
    2: lambda frame: frame[:, ::-1],
    3: lambda frame: np.rot90(frame, 2),
    6: lambda frame: np.rot90(frame, -1),
    8: lambda frame: np.rot90(frame),
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_read_upright(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    frame = HALF.copy()
    frame[:, :16] = (0, 0, 255)  # no turn leaves it as it is
    Image.fromarray(frame).save(tmp_path / "p", format=kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
    assert np.abs(read_png(tmp_path / "p").astype(int) - TURNED[orientation](frame)).mean() < 8


@pytest.mark.parametrize("mode", ["I;16", "I", "F", "CMYK"])
def test_colours_that_eight_bits_cannot_hold_are_refused(tmp_path, mode):
    """Sixteen bits were cut off at 255 once, and a ramp came out white."""
    ramp = np.tile(np.linspace(0, 65535, 64), (64, 1))
    pictures = {"I;16": ramp.astype(np.uint16), "I": ramp.astype(np.int32), "F": ramp.astype(np.float32)}
    picture = Image.fromarray(pictures[mode]) if mode in pictures else Image.new("CMYK", (64, 64))
    picture.save(tmp_path / "p", format="PNG" if mode == "I;16" else "TIFF")
    with pytest.raises(InputError, match="has colours of mode .*; save it as RGB with eight bits a colour"):
        read_png(tmp_path / "p")


def test_a_long_text_in_a_picture_is_no_hindrance(tmp_path):
    """ComfyUI keeps its graph there."""
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "x" * 2_000_000, zip=True)
    Image.fromarray(HALF).save(tmp_path / "p.png", pnginfo=text)
    assert np.array_equal(read_png(tmp_path / "p.png"), HALF)


def test_why_a_picture_cannot_be_read_is_said(tmp_path):
    (tmp_path / "p.png").write_bytes(b"no picture")
    with pytest.raises(OSError, match="Pillow can not read"):
        read_png(tmp_path / "p.png")


def test_a_file_of_sound_alone_and_one_that_changes_its_size(tmp_path, monkeypatch):
    with av.open(str(tmp_path / "s.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux([packet for sent in (frame, None) for packet in stream.encode(sent)])
    with pytest.raises(InputError, match=r"s.mp4 holds no stream of pictures; restore the file"):
        read_mp4(tmp_path / "s.mp4")
    write_mp4(tmp_path / "v.mp4", moving_square())
    monkeypatch.setattr(iio, "imiter", lambda *_, **__: [HALF, HALF[:32]])
    with pytest.raises(InputError, match="changes its size on the way"):
        read_mp4(tmp_path / "v.mp4")


def test_frames_are_counted_as_they_are_read(tmp_path):
    for count in (1, 5, 17, 30):
        for to_seek in (False, True):
            video = np.random.default_rng(count).integers(0, 256, (count, 32, 48, 3), dtype=np.uint8)
            write_mp4(tmp_path / "v.mp4", video, to_seek=to_seek)
            assert frames_in(tmp_path / "v.mp4") == len(read_mp4(tmp_path / "v.mp4")) == count
    (tmp_path / "v.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match="cannot read video .*v.mp4.*; restore the file"):
        frames_in(tmp_path / "v.mp4")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_a_picture_that_is_transparent_in_part_is_refused(tmp_path, mode):
    """Under it lies any colour, mostly black, which nobody has ever seen."""
    for opacity in (255, 254, 0):
        picture = Image.new(mode, (64, 64), {"RGBA": (9, 8, 7, 255), "LA": (9, 255)}.get(mode, 0))
        if mode in ("RGBA", "LA"):
            picture.paste((*picture.getpixel((0, 0))[:-1], opacity), (0, 0, 1, 1))
        one_colour = {} if mode in ("RGBA", "LA") or opacity else {"transparency": {"P": 0, "RGB": (0, 0, 0)}[mode]}
        picture.save(tmp_path / "p", format="PNG", **one_colour)
        if opacity == 255 or (opacity and mode in ("P", "RGB")):
            assert np.array_equal(read_png(tmp_path / "p"), np.asarray(picture.convert("RGB")))
        else:
            with pytest.raises(InputError, match="p is transparent in part; lay it on a background"):
                read_png(tmp_path / "p")


def test_a_picture_that_is_far_too_large_is_not_decoded(tmp_path, monkeypatch):
    for side, message in (
        (8208, "has 8208x8208 pixels; scale it down to 67,108,864 at most"),
        (20_000, "is too large"),
    ):
        Image.new("1", (side, side)).save(tmp_path / "p", format="PNG")
        with monkeypatch.context() as patched:
            patched.setattr(Image.Image, "convert", None)
            with pytest.raises(InputError, match=message):
                read_png(tmp_path / "p")


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_video_that_lies_on_its_side_is_refused(tmp_path, quarters):
    """Phones write it as it is held, and how a player is to turn it, here by the matrix in its track's header."""
    write_mp4(tmp_path / "v.mp4", moving_square())
    content = bytearray((tmp_path / "v.mp4").read_bytes())
    matrix = content.find(b"tkhd") + 44
    cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarters]
    turned = [cosine << 16, sine << 16, 0, -sine << 16, cosine << 16, 0]
    content[matrix : matrix + 24] = b"".join(number.to_bytes(4, "big", signed=True) for number in turned)
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(InputError, match=r"v.mp4 lies on its side \(rotation -?(90|180)\); save it upright"):
        read_mp4(tmp_path / "v.mp4")
