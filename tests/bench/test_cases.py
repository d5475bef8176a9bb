import dataclasses

import numpy as np
import pytest
from PIL import Image

from chainofsteps import names as layout
from chainofsteps.bench import puzzles
from chainofsteps.bench.cases import check_scorable, listed_cases, read_cases, true_clip, write_case
from chainofsteps.bench.video import read_mp4, write_mp4
from chainofsteps.errors import InputError
from chainofsteps.probes.baseline.cases import checked_cases


@pytest.fixture
def root(tmp_path):
    for index in (0, 1):
        write_case(
            tmp_path, "In-Domain_50", "grounding", f"{index:05d}", puzzles.draw("grounding", index, held_out=True)
        )
    return tmp_path


def test_what_is_written_is_read(root):
    puzzle = puzzles.draw("grounding", 1, held_out=True)
    case = read_cases(root, "grounding")[1]
    assert (case.task, case.name, case.prompt, case.frames) == ("grounding", "00001", puzzle.prompt, 17)
    assert (case.height, case.width, case.layout) == (64, 64, puzzle.layout)
    assert np.array_equal(case.first_frame, puzzle.video[0])
    assert np.array_equal(np.asarray(Image.open(case.folder / "final_frame.png")), puzzle.video[-1])
    assert np.abs(read_mp4(case.folder / "ground_truth.mp4").astype(int) - puzzle.video).mean() < 3


def test_writing_again_leaves_one_whole_case(root):
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    write_case(root, "In-Domain_50", "grounding", "00001", puzzles.draw("grounding", 1, held_out=True))
    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before


def test_what_a_killed_job_left_is_no_part_of_a_case(root):
    partial = root / "In-Domain_50" / "grounding" / "00002.partial"
    partial.mkdir()
    (partial / "half.mp4").touch()
    assert [case.name for case in read_cases(root, "grounding")] == ["00000", "00001"]
    folder = write_case(root, "In-Domain_50", "grounding", "00002", puzzles.draw("grounding", 2, held_out=True))
    assert sorted(path.name for path in folder.iterdir()) == sorted(layout.FILES)
    assert not partial.exists()


def test_folder_not_writable(tmp_path):
    (tmp_path / "In-Domain_50").touch()
    with pytest.raises(InputError, match="cannot write .*grounding/00000: .*; choose a writable folder"):
        write_case(tmp_path, "In-Domain_50", "grounding", "00000", puzzles.draw("grounding", 0, held_out=True))


def test_official_folder_without_layout_and_out_of_domain(root):
    (root / "Out-of-Domain_50").mkdir()
    (root / "In-Domain_50" / "grounding").rename(root / "Out-of-Domain_50" / "O-1_any_data-generator")
    for path in root.rglob("layout.json"):
        path.unlink()
    (case,) = read_cases(root, "O-1_any_data-generator", ["00000"])
    assert case.layout is None


@pytest.mark.parametrize("part", ["first_frame.png", "prompt.txt", "ground_truth.mp4", "layout.json"])
def test_missing_part_is_named(root, part):
    (root / "In-Domain_50" / "grounding" / "00001" / part).unlink()
    with pytest.raises(InputError, match=rf"grounding/00001 has no {part}"):
        read_cases(root, "grounding")


def test_unusable_parts_are_named(root):
    folder = root / "In-Domain_50" / "grounding" / "00001"
    for empty in (" \n", "\ufeff\n"):
        (folder / "prompt.txt").write_text(empty, encoding="utf-8")
        with pytest.raises(InputError, match=r"grounding/00001 has an empty prompt"):
            read_cases(root, "grounding")
    (folder / "prompt.txt").write_bytes("Kreis in Grün".encode("latin-1"))
    with pytest.raises(InputError, match=r"grounding/00001: prompt.txt is not UTF-8 \(.*\); save it as UTF-8"):
        read_cases(root, "grounding")
    (folder / "prompt.txt").write_text("mark it")
    Image.new("RGB", (72, 64)).save(folder / "first_frame.png")
    with pytest.raises(InputError, match=r"grounding/00001: first frame is 72x64.*divisible by 16.*64x64"):
        read_cases(root, "grounding")
    (folder / "first_frame.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"grounding/00001: first_frame.png is not an image"):
        read_cases(root, "grounding")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "is not JSON"), (b"\xff", "is not JSON"), (b"[1]", "is not a section of keys; restore it")],
)
def test_broken_layout_is_named(root, content, message):
    (root / "In-Domain_50" / "grounding" / "00001" / "layout.json").write_bytes(content)
    with pytest.raises(InputError, match=f"grounding/00001: layout.json {message}") as error:
        read_cases(root, "grounding")
    assert "\n" not in str(error.value)


def test_case_that_its_puzzle_cannot_score_is_named(root):
    good = read_cases(root, "grounding")[1]
    check_scorable(good)
    check_scorable(dataclasses.replace(good, task="G-1_unknown", layout=None))  # nothing to hold it against
    for wrong in ({}, {"objects": [], "target": 0}, {"objects": 3, "target": 0}):
        with pytest.raises(InputError, match=r"grounding/00001: layout.json and ground_truth.mp4 are not those of a"):
            check_scorable(dataclasses.replace(good, layout=wrong))
    write_mp4(good.folder / "ground_truth.mp4", np.zeros((5, 32, 32, 3), np.uint8))
    with pytest.raises(InputError, match=r"grounding/00001: .*64, 64"):
        check_scorable(good)


def test_missing_task_is_named(root):
    with pytest.raises(InputError, match="no task 'maze'"):
        read_cases(root, "maze")


def test_pictures_of_another_size_are_fitted_as_it_is_asked(root):
    place = root / "In-Domain_50" / "mine" / "00000"
    place.mkdir(parents=True)
    frame = np.random.default_rng(0).integers(0, 256, (66, 70, 3), dtype=np.uint8)
    Image.fromarray(frame).save(place / "first_frame.png")
    (place / "prompt.txt").write_text("move")
    with pytest.raises(InputError, match="first frame is 70x66, .* resize it to 64x64, or set cases.size"):
        read_cases(root, "mine", frames=17)
    for fitted, size in (("rounded", (80, 80)), ([48, 96], (48, 96))):
        (case,) = read_cases(root, "mine", frames=17, fitted=fitted)
        assert (case.height, case.width) == size and case.given == (66, 70)
        bicubic = Image.fromarray(frame).resize(size[::-1], Image.Resampling.BICUBIC)
        assert np.array_equal(case.first_frame, np.asarray(bicubic))
    write_mp4(place / "ground_truth.mp4", np.repeat(frame[None], 5, axis=0))
    (case,) = read_cases(root, "mine", fitted="rounded")
    assert case.frames == 5 and true_clip(case).shape == (5, 80, 80, 3)  # as tokens and the VAE need it
    (case,) = read_cases(root, "grounding", ["00000"], fitted="rounded")  # it fits as it is
    assert case.given is None and case.first_frame.shape == (64, 64, 3)


def test_a_manifest_says_in_which_size_its_cases_are_read(root):
    cases = checked_cases(root, "grounding", ["00000"], "all", fitted=[96, 128])
    manifest = {"root": str(root), "task": "grounding", "cases": cases, "fitted": [96, 128]}
    (case,) = listed_cases(manifest)
    assert case.first_frame.shape == (96, 128, 3)
    assert cases["00000"]["identity"] != checked_cases(root, "grounding", ["00000"], "all")["00000"]["identity"]
