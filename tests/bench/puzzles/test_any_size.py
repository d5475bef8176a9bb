"""Puzzles in other sizes and lengths: rules, candidates and readings say the same as at the board's own."""

from pathlib import Path

import numpy as np
import pytest

from chainofsteps.bench import puzzles, readings
from chainofsteps.bench.cases import Case
from chainofsteps.bench.puzzles import candidates, canvas
from chainofsteps.bench.scoring import score
from chainofsteps.probes.candidates.rows import distinct_answers

SIZES = [(128, 128, 33), (96, 160, 17)]
FULL = [(480, 480, 17), (480, 832, 17), (512, 512, 81)]  # of the models that the project is for
SAMPLE = ("loop_maze", "rotation", "tic_tac_toe", "occlusion", "find_then_move")  # of the others: make test-sizes
SEED = 900003


def of_full_size(name):
    """Marks of a puzzle at the sizes of FULL, which take long."""
    return pytest.mark.slow if name in SAMPLE else pytest.mark.sizes


EVERY = [(name, *size) for name in puzzles.PUZZLES for size in SIZES]
EVERY += [pytest.param(name, *size, marks=of_full_size(name)) for name in puzzles.PUZZLES for size in FULL]


def both(name, height, width, frames):
    """A puzzle as it is by itself, and in another size: (puzzle, its video on the board)."""
    if min(height, width) < puzzles.side_of(name):
        pytest.skip("smaller than the board")
    own = puzzles.draw(name, SEED, held_out=True)
    other = puzzles.draw(name, SEED, held_out=True, size=(height, width), frames=frames)
    assert other.video.shape == (frames, height, width, 3) and other.video.dtype == np.uint8
    assert (other.prompt, other.layout) == (own.prompt, own.layout)
    return own, puzzles.on_board(name, other.video)


@pytest.mark.parametrize(("name", "height", "width", "frames"), EVERY)
def test_rules_and_readers_say_the_same(name, height, width, frames):
    own, board = both(name, height, width, frames)
    rule, layout = puzzles.puzzle(name).score, own.layout
    assert rule(board, layout) == rule(own.video, layout) == 1.0
    still = np.repeat(board[:1], frames, axis=0)
    assert rule(still, layout) == pytest.approx(rule(np.repeat(own.video[:1], 17, axis=0), layout), abs=0.02)
    small = puzzles.puzzle(name).answers(layout)
    large = puzzles.answers_at(name, layout, height, width, frames)
    assert list(large) == list(small)
    on_board = {answer: puzzles.on_board(name, video) for answer, video in large.items()}
    for answer, video in on_board.items():  # planted errors among them
        assert rule(video, layout) == pytest.approx(rule(small[answer], layout), abs=0.05), answer
        found, expected = (candidates.masses(name, one[-1], layout) for one in (video, small[answer]))
        assert found == pytest.approx(expected, abs=0.12), answer
    first, *others = small
    for other in others[:1]:  # a blend of two answers
        found, expected = (
            candidates.masses(name, of[first][-1] * 0.5 + of[other][-1] * 0.5, layout) for of in (on_board, small)
        )
        assert found == pytest.approx(expected, abs=0.12)
    named, expected = (readings.named(name, one, layout) for one in (board, own.video))
    assert named == pytest.approx(expected, abs=0.15)


def test_a_case_is_scored_and_its_answers_drawn_in_its_own_size():
    own, _ = both("loop_maze", 96, 160, 17)
    large = puzzles.draw("loop_maze", SEED, held_out=True, size=(96, 160))
    case = Case("loop_maze", "00000", Path(), large.prompt, large.video[0], 17, large.layout)
    assert score(case, large.video) == 1.0 and score(case, np.repeat(large.video[:1], 17, axis=0)) < 0.3
    answers = distinct_answers(case)
    assert all(video.shape == (17, 96, 160, 3) for video, _ in answers.values())
    right = [video for video, solves in answers.values() if solves]
    assert any(np.array_equal(video, large.video) for video in right) and len(right) >= 2
    found = {name for name, (_, solves) in answers.items() if solves}
    assert found == candidates.right_answers(case.task, own.layout)


def test_the_board_is_the_square_in_the_middle_and_the_rest_is_background():
    wide = puzzles.draw("unique_maze", SEED, held_out=True, size=(96, 160)).video
    assert (wide[:, :, :32] == canvas.BACKGROUND.astype(np.uint8)).all()
    square = puzzles.draw("unique_maze", SEED, held_out=True, size=(96, 96)).video
    assert np.array_equal(wide[:, :, 32:128], square) and np.array_equal(canvas.framed(square, 96, 160), wide)


def test_a_video_of_the_boards_own_size_is_read_as_it_is():
    own = puzzles.draw("unique_maze", SEED, held_out=True).video
    assert puzzles.on_board("unique_maze", own) is own
    again = puzzles.draw("unique_maze", SEED, held_out=True, size=(64, 64), frames=17).video
    assert np.array_equal(again, own)


def test_more_frames_are_new_moments_and_not_the_same_ones_again():
    video = puzzles.draw("find_then_move", SEED, held_out=True, frames=33).video
    different = [not np.array_equal(one, other) for one, other in zip(video[:-1], video[1:], strict=True)]
    assert sum(different) > 20 and np.array_equal(video[::2], puzzles.draw("find_then_move", SEED, True).video)
