import numpy as np
from hypothesis import given

from chainofsteps.bench.puzzles import grounding
from chainofsteps.bench.puzzles.canvas import COLOURS, SHAPES
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_grounding(seed):
    check_puzzle(grounding, seed)


def others(layout):
    return [i for i in range(grounding.OBJECTS) if i != layout["target"]]


@many
@given(seeds)
def test_another_object_marked_is_wrong(seed):
    layout = grounding.generate(seed).layout
    for target in others(layout):
        other = grounding.make(layout["objects"], target)
        assert grounding.score(other.video, layout) == 0.0
        assert grounding.score(other.video, other.layout) == 1.0


@many
@given(seeds)
def test_two_marks_at_once_are_wrong(seed):
    puzzle = grounding.generate(seed)
    other = grounding.make(puzzle.layout["objects"], others(puzzle.layout)[0])
    both = np.minimum(puzzle.video, other.video)
    assert grounding.score(both, puzzle.layout) < 0.2


@many
@given(seeds)
def test_an_object_that_changed_colour_or_shape_is_wrong(seed):
    puzzle = grounding.generate(seed)
    target = puzzle.layout["target"]
    changed = others(puzzle.layout)[1]
    for part, choices in (("colour", list(COLOURS)), ("shape", SHAPES)):
        objects = [dict(item) for item in puzzle.layout["objects"]]
        objects[changed][part] = choices[choices.index(objects[changed][part]) - 1]
        assert grounding.score(grounding.make(objects, target).video, puzzle.layout) < 1.0


@many
@given(seeds)
def test_answers_and_the_order_of_objects(seed):
    puzzle = grounding.generate(seed)
    objects, target = puzzle.layout["objects"], puzzle.layout["target"]
    scores = [grounding.score(video, puzzle.layout) for video in grounding.answers(puzzle.layout).values()]
    assert scores == [float(i == target) for i in range(grounding.OBJECTS)]
    assert grounding.make(objects[::-1], grounding.OBJECTS - 1 - target).layout == puzzle.layout
