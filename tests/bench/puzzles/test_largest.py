import numpy as np
from hypothesis import given

from chainofsteps.bench.puzzles import grounding, largest
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_largest(seed):
    check_puzzle(largest, seed)


@many
@given(seeds)
def test_only_the_largest_is_right(seed):
    layout = largest.generate(seed).layout
    scores = [largest.score(video, layout) for video in largest.answers(layout).values()]
    assert scores == [float(item["radius"] == largest.LARGEST) for item in layout["objects"]]
    assert sum(scores) == 1.0


@many
@given(seeds)
def test_two_marks_at_once_are_wrong(seed):
    puzzle = largest.generate(seed)
    videos = list(largest.answers(puzzle.layout).values())
    other = videos[puzzle.layout["target"] - 1]
    assert largest.score(np.minimum(puzzle.video, other), puzzle.layout) < 0.2


@many
@given(seeds)
def test_an_object_that_changed_its_size_or_is_lost_is_wrong(seed):
    layout = largest.generate(seed).layout
    objects, target = layout["objects"], layout["target"]
    grown = [{**item, "radius": 6.0 if i != target else 4.0} for i, item in enumerate(objects)]
    lost = [item for i, item in enumerate(objects) if i in (target, target - 1)]
    assert largest.score(grounding.render(grown, target), layout) == 0.9
    assert largest.score(grounding.render(lost, lost.index(objects[target])), layout) < 1.0


def test_nearly_as_large_is_harder():
    layout = largest.generate(0).layout
    radii = [item["radius"] for item in layout["objects"]]
    assert largest.difficulty(layout) == sorted(radii)[-2] / 6.0
