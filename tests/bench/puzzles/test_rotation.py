import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import half_turn, rotation
from chainofsteps.bench.puzzles.canvas import CELL, COLOURS, SHAPES
from tests.bench.puzzles.rules import check_puzzle, many, seeds

BOTH = pytest.mark.parametrize("module", [rotation, half_turn])


@many
@given(seeds)
def test_rotation(seed):
    check_puzzle(rotation, seed)


@many
@given(seeds)
def test_half_turn(seed):
    check_puzzle(half_turn, seed)


def with_last(puzzle, frame):
    return np.concatenate([puzzle.video[:-1], frame[None]])


def bystander(layout):
    row, column = (CELL * value for value in layout["bystander"]["cell"])
    return slice(row, row + CELL), slice(column, column + CELL)


@BOTH
@many
@given(seeds)
def test_only_the_asked_turn_is_right(module, seed):
    puzzle = module.generate(seed)
    answers = module.answers(puzzle.layout)
    assert list(answers) == ["quarter turn clockwise", "half turn", "quarter turn counterclockwise"]
    for turn, video in enumerate(answers.values(), 1):
        assert np.array_equal(video[0], puzzle.video[0])
        score = module.score(video, puzzle.layout)
        assert score == 1.0 if turn == puzzle.layout["turn"] else score <= 0.45


def test_the_prompt_names_the_turn_of_the_video():
    for seed in range(20):
        puzzle = rotation.generate(seed)
        figure = puzzle.video[:, 14:50, 14:50]
        turned = np.rot90(figure[0], 1 if "counterclockwise" in puzzle.prompt else -1)
        assert np.array_equal(figure[-1], turned)
        puzzle = half_turn.generate(seed)
        assert "half" in puzzle.prompt
        assert np.array_equal(puzzle.video[-1, 14:50, 14:50], np.rot90(puzzle.video[0, 14:50, 14:50], 2))


@many
@given(seeds)
def test_the_whole_picture_turned_is_wrong(seed):
    puzzle = rotation.generate(seed)
    turned = np.rot90(puzzle.video[0], -puzzle.layout["turn"])
    assert rotation.score(with_last(puzzle, turned), puzzle.layout) == 0.9


@many
@given(seeds)
def test_a_figure_turned_half_the_way_is_wrong(seed):
    puzzle = rotation.generate(seed)
    assert rotation.score(with_last(puzzle, puzzle.video[8]), puzzle.layout) < 0.9


@many
@given(seeds)
def test_a_copy_left_where_it_was_is_wrong(seed):
    puzzle = half_turn.generate(seed)
    first, last = puzzle.video[0], puzzle.video[-1]
    if set(map(tuple, puzzle.layout["cells"])) == set(rotation._turned(puzzle.layout, 2)):
        return  # it covers its copy
    empty = (last == last[0, 32]).all(-1, keepdims=True)
    assert rotation.score(with_last(puzzle, np.where(empty, first, last)), puzzle.layout) < 0.9


@many
@given(seeds)
def test_changed_colours_are_wrong(seed):
    layout = rotation.generate(seed).layout
    body, mark = layout["colours"]
    free = next(colour for colour in COLOURS if colour not in (body, mark, layout["bystander"]["colour"]))
    for colours in ([mark, body], [body, free], [free, mark], [body, body]):
        wrong = rotation.render({**layout, "colours": colours}, layout["turn"])
        assert rotation.score(wrong, layout) < 0.9


@many
@given(seeds)
def test_a_lost_or_changed_bystander_is_wrong(seed):
    puzzle = rotation.generate(seed)
    layout, lost = puzzle.layout, puzzle.video[-1].copy()
    lost[bystander(layout)] = puzzle.video[-1, 0, 32]
    assert rotation.score(with_last(puzzle, lost), layout) == 0.9
    for part, choices in (("colour", list(COLOURS)), ("shape", list(SHAPES)), ("cell", [[0, 0], [0, 3], [3, 0]])):
        value = layout["bystander"][part]
        other = choices[(choices.index(value) if value in choices else 0) - 1]
        changed = {**layout, "bystander": {**layout["bystander"], part: other}}
        assert rotation.score(rotation.render(changed, layout["turn"]), layout) == 0.9


def test_something_beside_the_figure_is_wrong():
    puzzle = rotation.generate(1)
    frame = puzzle.video[-1].copy()
    frame[2:10, 28:36] = COLOURS["red"]
    assert rotation.score(with_last(puzzle, frame), puzzle.layout) == 0.9


@many
@given(seeds)
def test_no_turn_leaves_the_figure_as_it_was(seed):
    layout = rotation.generate(seed).layout
    assert rotation.difficulty(layout) == len(layout["cells"]) in rotation.NUMBERS
    orientations = [rotation._turned(layout, turn) for turn in range(4)]
    assert all(a != b for i, a in enumerate(orientations) for b in orientations[:i])
