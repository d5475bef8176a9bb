import numpy as np
from hypothesis import given

from chainofsteps.puzzles import grounding
from chainofsteps.puzzles.canvas import COLOURS, SHAPES
from tests.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_grounding(seed):
    check_puzzle(grounding, seed)


@many
@given(seeds)
def test_another_object_marked_is_wrong(seed):
    layout = grounding.generate(seed).layout
    for target in range(1, grounding.OBJECTS):
        other = grounding.make(layout["objects"], target)
        assert grounding.score(other.video, layout) == 0.0
        assert grounding.score(other.video, other.layout) == 1.0


@many
@given(seeds)
def test_two_marks_at_once_are_wrong(seed):
    puzzle = grounding.generate(seed)
    other = grounding.make(puzzle.layout["objects"], 1)
    both = np.minimum(puzzle.video, other.video)
    assert grounding.score(both, puzzle.layout) < 0.2


@many
@given(seeds)
def test_an_object_that_changed_colour_or_shape_is_wrong(seed):
    puzzle = grounding.generate(seed)
    for part, choices in (("colour", list(COLOURS)), ("shape", SHAPES)):
        objects = [dict(item) for item in puzzle.layout["objects"]]
        objects[2][part] = choices[choices.index(objects[2][part]) - 1]
        assert grounding.score(grounding.make(objects, 0).video, puzzle.layout) < 1.0
