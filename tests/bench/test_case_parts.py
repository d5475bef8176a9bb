"""Parts of a case that are there and are not what they seem: each stops the run in one line that names the case."""

import re

import numpy as np
import pytest
from PIL import Image

from chainofsteps.bench.cases import read_case, true_clip
from chainofsteps.bench.video import write_mp4
from chainofsteps.errors import InputError
from chainofsteps.probes.baseline.cases import checked_cases


@pytest.fixture
def folder(tmp_path):
    case = tmp_path / "In-Domain_50" / "mine" / "00000"
    case.mkdir(parents=True)
    Image.new("RGB", (64, 64), (90, 90, 90)).save(case / "first_frame.png")
    (case / "prompt.txt").write_text("move the ring")
    write_mp4(case / "ground_truth.mp4", np.zeros((17, 64, 64, 3), np.uint8))
    return case


def refused(folder, message, act=None):
    with pytest.raises(InputError, match=message) as error:
        (act or read_case)(folder, "mine")
    assert "\n" not in str(error.value) and "mine/00000" in str(error.value)


def of_pictures(folder, names, size=(64, 64)):
    (folder / "ground_truth.mp4").unlink()
    for name in names:
        Image.new("RGB", size).save(folder / name)


def checked(folder, _task):
    return checked_cases(folder.parents[2], "mine", ["00000"], "all")


@pytest.mark.parametrize(
    "prompt, code",
    [
        ("move".encode("utf-16-le"), "U[+]0000"),  # without its mark it is UTF-8 too, with a zero after each letter
        (b"move\0", "U[+]0000"),
        (b"\x1b[1mmove", "U[+]001B"),
        (b"move\x7f", "U[+]007F"),
        ("move \ufffd ring".encode(), "U[+]FFFD"),
    ],
)
def test_a_prompt_that_is_no_text(folder, prompt, code):
    (folder / "prompt.txt").write_bytes(prompt)
    refused(folder, f"prompt.txt holds {code}, which is no text; save it as UTF-8")


@pytest.mark.parametrize("nothing", ["\u200b", "\ufeff\u200b\n", "\u00a0", "\u2060 \u00ad", "\u3000"])
def test_a_prompt_that_nobody_sees(folder, nothing):
    (folder / "prompt.txt").write_text(nothing, encoding="utf-8")
    refused(folder, "has an empty prompt.txt")


@pytest.mark.parametrize("prompt", ["move\r\n\tthe ring", "环", "a\u200db", "…", "5", "🙂", "\ue000"])
def test_a_prompt_as_it_is_written(folder, prompt):
    (folder / "prompt.txt").write_bytes(prompt.encode())
    assert read_case(folder, "mine").prompt == prompt.replace("\r\n", "\n")


@pytest.mark.parametrize("size", [(64, 128), (128, 64), (64, 80)])
def test_a_clip_of_another_shape_is_not_squeezed(folder, size):
    write_mp4(folder / "ground_truth.mp4", np.zeros((17, *size, 3), np.uint8))
    message = re.escape(f"its true clip is {size[1]}x{size[0]}, but its first frame 64x64; give both one shape")
    refused(folder, message, lambda folder, task: true_clip(read_case(folder, task)))
    refused(folder, message, checked)


@pytest.mark.parametrize("size", [(128, 128), (32, 32), (64, 66)])
def test_a_clip_of_another_size_is_resized(folder, size):
    write_mp4(folder / "ground_truth.mp4", np.zeros((17, *size, 3), np.uint8))
    assert true_clip(read_case(folder, "mine")).shape == (17, 64, 64, 3) and checked(folder, "mine")


def test_a_fitted_case_is_held_against_its_own_picture(folder):
    """Both are of one shape, and are run in another by cases.size."""
    Image.new("RGB", (100, 50)).save(folder / "first_frame.png")
    write_mp4(folder / "ground_truth.mp4", np.zeros((17, 50, 100, 3), np.uint8))
    assert true_clip(read_case(folder, "mine", fitted=(64, 64))).shape == (17, 64, 64, 3)


def test_a_clip_of_one_frame(folder):
    for write in (
        lambda path: write_mp4(path, np.zeros((1, 64, 64, 3), np.uint8)),
        lambda path: Image.new("RGB", (64, 64)).save(path, format="PNG"),  # under the name of a video
    ):
        write(folder / "ground_truth.mp4")
        refused(folder, "ground_truth.mp4 has one frame; give the video, or leave it out")


@pytest.mark.parametrize(
    "names", [["frame_1.png", "frame_3.png"], ["frame_0.png", "frame_1.png"], ["frame_1.png", "frame_01.png"]]
)
def test_pictures_with_a_gap(folder, names):
    of_pictures(folder, names)
    refused(folder, r"its pictures must be frame_1.png to frame_2.png, without a gap; there are frame_0?[01].png, ")


@pytest.mark.parametrize("form", ["frame_{}.png", "frame_{:03d}.png"])
def test_pictures_in_order(folder, form):
    of_pictures(folder, [form.format(number) for number in range(1, 13)])
    assert read_case(folder, "mine").frames == 13 and checked(folder, "mine")


def test_pictures_of_another_size_are_found_before_they_are_needed(folder):
    of_pictures(folder, ["frame_1.png"], (32, 32))
    with pytest.raises(InputError, match=r"frame_1.png has another size than first_frame.png"):
        checked(folder, "mine")
