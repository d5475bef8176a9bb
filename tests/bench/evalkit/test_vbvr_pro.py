"""VBVR-Pro-Bench: its cases, its image setting, and its scorer, on a stand-in for it."""

import json
from pathlib import Path

import kit as stand_in
import numpy as np
import pytest

from chainofsteps.bench import puzzles, vbvr
from chainofsteps.bench.cases import read_cases, true_clip, write_case
from chainofsteps.bench.evalkit.kits import EVALKIT, KITS, PRO, check_files
from chainofsteps.bench.evalkit.python import found_or_made, versions_of
from chainofsteps.bench.evalkit.scores import IDENTITY, Kit, described, runs, settings_of
from chainofsteps.bench.evalkit.source import fetch, package_of, source_hash
from chainofsteps.bench.video import read_mp4, write_png
from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError
from chainofsteps.files import write_json
from chainofsteps.names import SPLITS, case_files

ROOT = Path(__file__).parents[3]
MAZE = "O-39_maze_data-generator"
PACKAGES = "; ".join(f"{name} {version}" for name, version in stand_in.PRO_PACKAGES.items())


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return stand_in.python_with(tmp_path_factory.mktemp("pro"), "4.11.0", stand_in.PRO_PACKAGES)


@pytest.fixture(params=["vbvr_bench", "vbvr_pro_bench"])
def kit(tmp_path, python, request):
    folder = stand_in.pro_checkout(tmp_path / "kit", request.param)
    found = found_or_made(python, tmp_path / "none.yaml", tmp_path / "made", KITS[PRO])
    return Kit(**fetch(stand_in.COMMIT, None, folder, repo=PRO), **found, time_limit=30)


def folder_of(root, task=MAZE, metadata='{"route": [1, 2]}'):
    folder = write_case(root, SPLITS[1], task, "00000", puzzles.draw("unique_maze", 3, held_out=True))
    (folder / "layout.json").unlink()
    if metadata is not None:
        (folder / "metadata.json").write_text(metadata)
    return folder


def as_pictures(folder, numbers=range(1, 11)):
    """The case as the image setting has it."""
    video = read_mp4(folder / "ground_truth.mp4")
    for number in numbers:
        write_png(folder / f"frame_{number}.png", video[number])
    (folder / "ground_truth.mp4").unlink()
    (folder / "final_frame.png").unlink()
    return video


def test_metadata_is_one_of_the_files_of_a_case(tmp_path):
    folder = folder_of(tmp_path)
    assert folder / "metadata.json" in case_files(folder)
    assert read_cases(tmp_path, MAZE)[0].frames == 17


@pytest.mark.parametrize(
    ("content", "words"), [("{", "is not JSON"), ("[1]", "is not a section of keys"), ("", "is not JSON")]
)
def test_broken_metadata_is_named(tmp_path, content, words):
    folder_of(tmp_path, metadata=content)
    with pytest.raises(InputError, match=f"case {MAZE}/00000: metadata.json {words}.*; restore it") as error:
        read_cases(tmp_path, MAZE)
    assert "\n" not in str(error.value)


def test_metadata_is_needed_by_the_scorer_that_reads_it_alone(tmp_path):
    folder = folder_of(tmp_path, metadata=None)
    check_files(EVALKIT, folder, "maze/0")
    with pytest.raises(InputError, match="case maze/0 has no metadata.json, which VBVR-Pro-Bench's scorer reads"):
        check_files(PRO, folder, "maze/0")


def test_pictures_stand_for_the_true_clip_by_their_numbers(tmp_path):
    folder = folder_of(tmp_path)
    video = as_pictures(folder)
    write_png(folder / "frame_old.png", video[0])
    clip = true_clip(read_cases(tmp_path, MAZE)[0])
    wanted = [read_cases(tmp_path, MAZE)[0].first_frame, *video[1:11]]
    assert np.array_equal(clip, np.stack(wanted))
    assert [path.name for path in case_files(folder)][-10:] == [f"frame_{number}.png" for number in range(1, 11)]
    assert read_cases(tmp_path, MAZE)[0].frames == 13  # 11, rounded up
    assert read_cases(tmp_path, MAZE, frames=81)[0].frames == 81


def test_a_clip_goes_before_pictures(tmp_path):
    folder = folder_of(tmp_path)
    write_png(folder / "frame_1.png", np.zeros((16, 16, 3), np.uint8))
    assert len(true_clip(read_cases(tmp_path, MAZE)[0])) == 17 and read_cases(tmp_path, MAZE, frames=81)[0].frames == 17
    assert "frame_1.png" not in [path.name for path in case_files(folder)]


def test_pictures_that_cannot_be_a_clip_are_named(tmp_path):
    folder = folder_of(tmp_path)
    as_pictures(folder)
    write_png(folder / "frame_2.png", np.zeros((16, 16, 3), np.uint8))
    (case,) = read_cases(tmp_path, MAZE)
    with pytest.raises(InputError, match="frame_2.png has another size than first_frame.png; save both in one size"):
        true_clip(case)
    (folder / "frame_1.png").write_text("no picture")
    with pytest.raises(InputError, match="frame_1.png is not an image"):
        true_clip(case)


def test_the_image_setting_has_no_score_of_a_video(tmp_path):
    folder = folder_of(tmp_path)
    as_pictures(folder)
    for repo in (EVALKIT, PRO):
        with pytest.raises(InputError, match="is of an image setting .* take the case from VBVR-Pro-Bench-Video"):
            check_files(repo, folder, "maze/0")


def test_its_scorer_is_asked_as_its_own_entry_point_asks(tmp_path, kit):
    folder_of(tmp_path)
    (case,) = read_cases(tmp_path, MAZE)
    rows = runs(kit, case, {1: np.repeat(case.first_frame[None], 120, axis=0)}.items())  # more than EvalKit reads
    assert [row["run"] for row in rows] == ["model", "ground_truth", "static"]
    assert rows[1]["task_specific"] == 0.94 and rows[1]["weighted"] == pytest.approx(0.61)
    found = described(MAZE, kit)
    assert {name: found[name] for name in ("repo", "opencv", "packages")} == {
        "repo": PRO,
        "opencv": "4.11.0",
        "packages": PACKAGES,
    }
    assert found["source"] == source_hash(Path(kit.folder)) and settings_of(kit).items() < found.items()
    assert set(settings_of(kit)) == {"repo", "commit", "source", "opencv", "packages"}
    assert set(settings_of(Kit(**{**vars(kit), "repo": EVALKIT, "packages": ""}))) == {"commit", "source", "opencv"}


def test_a_case_without_what_it_reads_is_no_score(tmp_path, kit):
    (folder_of(tmp_path) / "metadata.json").unlink()
    (case,) = read_cases(tmp_path, MAZE)
    with pytest.raises(InputError, match="has no metadata.json, which VBVR-Pro-Bench's scorer reads"):
        kit.evaluate(case, None)
    folder_of(tmp_path, "rotation")
    (tmp_path / SPLITS[1] / "rotation/00000/layout.json").write_text(json.dumps({}))
    (puzzle,) = read_cases(tmp_path, "rotation")
    with pytest.raises(InputError, match="VBVR-Pro-Bench's scorer has no evaluator for rotation; take another"):
        kit.evaluate(puzzle, None)


def test_a_python_that_reads_no_text_is_refused(tmp_path, python, monkeypatch):
    """The scorer itself would go on without a word, and score otherwise."""
    without = stand_in.python_with(tmp_path / "without", "4.11.0", {**stand_in.PRO_PACKAGES, "easyocr": "1.7.2"})
    next(Path(without).parents[1].glob("lib/python*/site-packages/easyocr.py")).unlink()
    for folder, words in ((None, "No module named 'easyocr'"), (tmp_path / "none", "no weights in .*none")):
        if folder:
            monkeypatch.setenv("VBVR_EASYOCR_MODELS", str(folder))
        with pytest.raises(InputError, match=f"cannot run VBVR-Pro-Bench's scorer .*{words}.*give evalkit.python one"):
            versions_of(python if folder else without, KITS[PRO])
    fewer = stand_in.python_with(tmp_path / "fewer", "4.11.0")
    with pytest.raises(InputError, match="ddddocr.*with opencv-python-headless>=4.10,<5, ddddocr, easyocr, norfair"):
        versions_of(fewer, KITS[PRO])


def test_a_kit_whose_packages_changed_is_refused(tmp_path, kit):
    manifest = {name: getattr(kit, name) for name in ("folder", "python", *IDENTITY)}
    write_json(tmp_path / "kit.json", manifest)
    assert Kit.read(tmp_path / "kit.json", 1, 30) == kit
    write_json(tmp_path / "kit.json", {**manifest, "packages": PACKAGES.replace("1.7.2", "1.7.1")})
    with pytest.raises(InputError, match="has another OpenCV or package than .*kit.json"):
        Kit.read(tmp_path / "kit.json", 1, 30)


def test_a_checkout_that_cannot_be_asked_is_refused_in_one_line(tmp_path):
    (tmp_path / "run_evaluation_video.py").write_text("")
    with pytest.raises(
        InputError, match="has no vbvr_bench/evaluators/__init__.py or vbvr_pro_bench/.*; give"
    ) as error:
        package_of(tmp_path)
    assert "\n" not in str(error.value)


def test_categories_are_those_of_the_scorers_own_benchmark(kit):
    counts = [sum(KITS[PRO].category(task) == name for task in vbvr.TASKS.values()) for name in sorted(CATEGORIES)]
    assert counts == [25, 19, 28, 16, 12]  # as its README has them
    task = "G-29_chart_extreme_with_data_data-generator"
    assert (described(task, kit)["category"], vbvr.TASKS[task].category) == ("Knowledge", "Abstraction")


CATEGORIES = {task.pro_category for task in vbvr.TASKS.values()}


def test_it_is_configured_over_the_benchmark(tmp_path):
    config = load_config(ROOT / "config.yaml", ROOT / "configs/vbvr-bench.yaml", ROOT / "configs/vbvr-pro.yaml")
    assert (config["evalkit"]["repo"], config["evalkit"]["sha256"]) == (PRO, None)
    assert config["cases"]["tasks"] == list(vbvr.TASKS) and config["cases"]["source"] is None
    assert (config["cases"]["scorer"], config["cases"]["folder"]) == ("evalkit", "VBVR-Pro-Bench-Video")
