import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import next_size
from chainofsteps.bench.puzzles.canvas import BACKGROUND, CELL, COLOURS, SHAPES, centre, finish, paint, shape
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_next_size(seed):
    check_puzzle(next_size, seed)


def other(value, choices):
    return choices[choices.index(value) - 1]


def solved(layout, **changes):
    """The right size drawn in a picture that differs from the one asked about."""
    return next_size.render({**layout, **changes}, next_size.next_level(layout))


@pytest.mark.parametrize("levels, level", [((0, 1, 2), 3), ((3, 2, 1), 0), ((2, 0, 2), 0), ((1, 3, 1), 3)])
def test_what_comes_next(levels, level):
    assert next_size.next_level({"levels": list(levels)}) == level


@many
@given(seeds)
def test_only_the_next_size_is_right(seed):
    puzzle = next_size.generate(seed)
    right = f"size {next_size.next_level(puzzle.layout) + 1}"
    for name, video in next_size.answers(puzzle.layout).items():
        assert np.array_equal(video[0], puzzle.video[0])
        assert next_size.score(video, puzzle.layout) == (1.0 if name == right else 0.4)


@many
@given(seeds)
def test_an_object_of_another_colour_or_shape_is_wrong(seed):
    puzzle = next_size.generate(seed)
    layout = puzzle.layout
    for part, choices in (("colour", list(COLOURS)), ("shape", list(SHAPES))):
        changed = solved(layout, **{part: other(layout[part], choices)})
        row, column = (CELL * value for value in layout["line"][-1])
        video = puzzle.video.copy()  # of the changed video only the new object
        video[:, row : row + CELL, column : column + CELL] = changed[:, row : row + CELL, column : column + CELL]
        assert next_size.score(video, layout) == 0.0
        assert 0 < next_size.score(np.where(changed == video, puzzle.video, changed), layout) < 1.0


@many
@given(seeds)
def test_a_pattern_or_a_bystander_that_changed_is_wrong(seed):
    layout = next_size.generate(seed).layout
    levels, bystander = layout["levels"], layout["bystander"]
    for place in range(3):
        changed = [(level + (i == place)) % 4 for i, level in enumerate(levels)]
        assert 0.8 < next_size.score(solved(layout, levels=changed), layout) <= 0.9
    for part, choices in (("colour", list(COLOURS)), ("shape", list(SHAPES))):
        changed = {**bystander, part: other(bystander[part], choices)}
        assert 0.8 < next_size.score(solved(layout, bystander=changed), layout) <= 0.9


@many
@given(seeds)
def test_a_lost_bystander_and_one_object_too_many_are_wrong(seed):
    puzzle = next_size.generate(seed)
    line, bystander = puzzle.layout["line"], puzzle.layout["bystander"]
    used = [*line, bystander["cell"]]
    free = next([row, column] for row in range(4) for column in range(4) if [row, column] not in used)
    for (row, column), name, radius, colour in (
        (bystander["cell"], "square", CELL / 2, BACKGROUND),
        (free, "circle", next_size.RADII[0], COLOURS[puzzle.layout["colour"]]),
    ):
        frame = puzzle.video[-1].astype(np.float32)
        paint(frame, shape(name, centre(column), centre(row), radius), colour)
        video = np.concatenate([puzzle.video[:-1], finish(frame)[None]])
        assert 0.8 < next_size.score(video, puzzle.layout) <= 0.9


def test_alternating_is_harder():
    for seed in range(20):
        layout = next_size.generate(seed).layout
        a, _, c = layout["levels"]
        assert next_size.difficulty(layout) == (2.0 if a == c else 1.0)
