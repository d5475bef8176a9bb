from collections import Counter

import numpy as np
from hypothesis import given

from chainofsteps.bench.puzzles import grounding, odd_one_out
from chainofsteps.bench.puzzles.canvas import COLOURS, SHAPES
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_odd_one_out(seed):
    check_puzzle(odd_one_out, seed)


@many
@given(seeds)
def test_only_the_odd_one_is_right(seed):
    layout = odd_one_out.generate(seed).layout
    kinds = [(item["colour"], item["shape"]) for item in layout["objects"]]
    scores = [odd_one_out.score(video, layout) for video in odd_one_out.answers(layout).values()]
    assert sorted(Counter(kinds).values()) == [1, 3]
    assert scores == [float(kinds.count(kind) == 1) for kind in kinds]


@many
@given(seeds)
def test_two_marks_at_once_are_wrong(seed):
    puzzle = odd_one_out.generate(seed)
    videos = list(odd_one_out.answers(puzzle.layout).values())
    other = videos[puzzle.layout["target"] - 1]
    assert odd_one_out.score(np.minimum(puzzle.video, other), puzzle.layout) < 0.2


@many
@given(seeds)
def test_an_object_that_changed_colour_or_shape_is_wrong(seed):
    layout = odd_one_out.generate(seed).layout
    for changed in range(grounding.OBJECTS):
        for part, choices in (("colour", list(COLOURS)), ("shape", SHAPES)):
            objects = [dict(item) for item in layout["objects"]]
            objects[changed][part] = choices[choices.index(objects[changed][part]) - 1]
            assert odd_one_out.score(grounding.render(objects, layout["target"]), layout) < 1.0


@many
@given(seeds)
def test_a_shape_is_harder_to_tell_than_a_colour(seed):
    layout = odd_one_out.generate(seed).layout
    shapes = {item["shape"] for item in layout["objects"]}
    assert odd_one_out.difficulty(layout) == len(shapes)
