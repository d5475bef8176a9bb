import pytest

from chainofsteps import names
from chainofsteps.bench import puzzles
from chainofsteps.errors import InputError


def make(root, *folders):
    for folder in folders:
        (root / folder).mkdir(parents=True)


def test_cases_are_the_folders_of_either_split_in_order(tmp_path):
    make(tmp_path, "Out-of-Domain_50/sort/00001", "Out-of-Domain_50/sort/00000", "In-Domain_50/maze/7")
    make(tmp_path, "Out-of-Domain_50/sort/.git", "Out-of-Domain_50/sort/00002.partial")
    (tmp_path / "Out-of-Domain_50/sort/.DS_Store").touch()
    (tmp_path / "Out-of-Domain_50/sort/notes.txt").touch()
    assert names.task_folder(tmp_path, "sort") == tmp_path / "Out-of-Domain_50/sort"
    assert names.case_names(tmp_path, "sort") == ["00000", "00001"]
    assert names.case_names(tmp_path, "maze") == ["7"]


def test_task_that_is_nowhere_or_twice_or_empty(tmp_path):
    make(tmp_path, "In-Domain_50/sort/00000", "Out-of-Domain_50/sort/00000", "In-Domain_50/maze/.git")
    for task, message in [
        ("sort", "has task 'sort' under In-Domain_50 and Out-of-Domain_50; rename one"),
        ("rotate", "has no task 'rotate' under In-Domain_50 or Out-of-Domain_50; check cases.folder and cases.tasks"),
        ("maze", "has no cases; each is a folder such as .*maze/00000"),
    ]:
        with pytest.raises(InputError, match=message):
            names.case_names(tmp_path, task)


def test_more_cases_than_there_are(tmp_path):
    for case in ("00000", "00001"):
        (tmp_path / "In-Domain_50/mine" / case).mkdir(parents=True)
    assert [names.case_names(tmp_path, "mine", number) for number in (1, 2, None)] == [
        ["00000"],
        ["00000", "00001"],
        ["00000", "00001"],
    ]
    with pytest.raises(InputError, match="'cases.number' is 3, but .*mine has 2 cases; set it to 2, or to null"):
        names.case_names(tmp_path, "mine", 3)


def test_files_of_a_case_are_the_known_ones(tmp_path):
    for name in ("prompt.txt", ".DS_Store", "first_frame.png", "first_frame_old.png", "Thumbs.db"):
        (tmp_path / name).touch()
    assert [path.name for path in names.case_files(tmp_path)] == ["first_frame.png", "prompt.txt"]


def test_puzzles_are_those_there_are():
    assert tuple(puzzles.PUZZLES) == names.PUZZLES
    several = {name for name, puzzle in puzzles.PUZZLES.items() if puzzle.KIND == "multi"}
    assert several == set(names.SEVERAL_ANSWERS)
