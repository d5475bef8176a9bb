import pytest

from chainofsteps.bench import sizes
from chainofsteps.bench.puzzles import puzzle

AS_THEY_ARE = {"size": None, "frames": None, "folder": None}


@pytest.mark.parametrize("name", ["loop_maze", "loop_maze_5", "serial_chain", "unique_maze_7"])
def test_the_size_that_is_planned_is_that_of_the_puzzle(name):
    video = puzzle(name).generate(0).video
    assert (sizes.made_frames(AS_THEY_ARE), *sizes.made_size(AS_THEY_ARE, name)) == video.shape[:3]


def test_a_size_that_is_asked_for_is_written_width_first():
    cases = {**AS_THEY_ARE, "size": "832x480", "frames": 33}
    assert sizes.made_size(cases, "loop_maze_5") == (480, 832) and sizes.made_frames(cases) == 33
    assert sizes.drawn_as(cases) == {"size": [480, 832], "frames": 33}
    assert sizes.drawn_as({**cases, "folder": "mine"}) == {"fitted": [480, 832], "frames": 33}
    assert (
        sizes.drawn_as(AS_THEY_ARE) == {}
        and sizes.fitted_to({**cases, "size": "rounded", "folder": "mine"}) == "rounded"
    )
