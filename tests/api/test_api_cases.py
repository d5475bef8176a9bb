"""Puzzles from a seed, cases from a folder, and scores of videos."""

import numpy as np
import pytest

import chainofsteps as cos
from chainofsteps.bench.puzzles import draw
from chainofsteps.bench.video import read_mp4
from chainofsteps.names import GROUND_TRUTH, PUZZLES


@pytest.mark.parametrize("task", PUZZLES)
def test_a_puzzle_is_the_case_of_the_default_run(task):
    case, drawn = cos.puzzle(task, seed=900003), draw(task, 900003, held_out=True)
    assert (case.task, case.name, case.prompt, case.frames) == (task, "00003", drawn.prompt, 17)
    assert np.array_equal(case.first_frame, drawn.video[0])
    assert cos.score(case, drawn.video) == 1.0 and cos.case(case.folder).layout == case.layout


def test_seeds_with_the_same_last_digits_keep_their_own_truth():
    cases = [cos.puzzle("grounding", seed=seed) for seed in (900001, 800001)]
    assert cases[0].name == cases[1].name == "00001"
    assert [cos.score(case, read_mp4(case.folder / GROUND_TRUTH)) for case in cases] == [1.0, 1.0]
    assert cases[0].layout != cases[1].layout


def test_a_puzzle_goes_where_it_is_told(tmp_path):
    case = cos.puzzle("largest", seed=5, name="mine", folder=tmp_path)
    assert case.folder == tmp_path / "Out-of-Domain_50" / "largest" / "mine"
    again = cos.case(case.folder)
    assert (again.task, again.name) == ("largest", "mine") and np.array_equal(again.first_frame, case.first_frame)


def test_a_case_that_is_no_puzzle_has_no_score(maze, tmp_path):
    folder = tmp_path / "my_task" / "00007"
    folder.mkdir(parents=True)
    for path in maze.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    case = cos.case(folder)
    assert (case.task, case.name) == ("my_task", "00007")
    with pytest.raises(cos.InputError, match="no puzzle is called 'my_task'"):
        cos.score(case, np.zeros((17, 64, 64, 3), np.uint8))
    assert cos.score(cos.case(folder, task="loop_maze"), read_mp4(folder / GROUND_TRUTH)) == 1.0
    with pytest.raises(cos.InputError, match="nowhere is no folder; give the folder of a case"):
        cos.case(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "video",
    [np.zeros((17, 64, 64, 3)), np.zeros((1, 17, 64, 64, 3), np.uint8), np.zeros((17, 32, 64, 3), np.uint8)],
    ids=["float", "batch", "size"],
)
def test_what_is_no_video_of_the_case_is_refused(maze, video):
    with pytest.raises(cos.InputError, match=r"give uint8 \(T, 64, 64, 3\), as model.decode does"):
        cos.score(maze, video)
