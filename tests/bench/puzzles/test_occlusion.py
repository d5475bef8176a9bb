import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import occlusion
from chainofsteps.bench.puzzles.canvas import COLOURS, SHAPES
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_occlusion(seed):
    check_puzzle(occlusion, seed)


def changed(layout, **values):
    first, second = layout["objects"]
    return {**layout, "objects": [{**first, **values}, second]}


@many
@given(seeds)
def test_wrong_colour_row_or_side_is_wrong(seed):
    layout = occlusion.generate(seed).layout
    first, second = layout["objects"]
    colour = next(name for name in COLOURS if name not in (first["colour"], second["colour"]))
    row = next(row for row in range(4) if row not in (first["row"], second["row"]))
    for wrong in ({"colour": colour}, {"row": row}, {"from_left": not first["from_left"]}):
        assert occlusion.score(occlusion._render(changed(layout, **wrong)), layout) <= 0.5


@many
@given(seeds)
def test_wrong_shape_is_wrong(seed):
    layout = occlusion.generate(seed).layout
    for other in set(SHAPES) - {layout["objects"][0]["shape"]}:
        assert occlusion.score(occlusion._render(changed(layout, shape=other)), layout) < 1.0


def test_an_object_that_stays_in_sight_is_wrong():
    puzzle = occlusion.generate(5)
    jump = np.concatenate([np.repeat(puzzle.video[:1], 16, axis=0), puzzle.video[-1:]])
    assert occlusion.score(jump, puzzle.layout) < 1.0


@many
@given(seeds)
def test_only_the_objects_as_they_were_are_right(seed):
    puzzle = occlusion.generate(seed)
    answers = occlusion.answers(puzzle.layout)
    alike = len({item["shape"] for item in puzzle.layout["objects"]}) == 1
    assert len(answers) == (2 if alike else 4)
    for name, video in answers.items():
        assert np.array_equal(video[:8], puzzle.video[:8])
        assert (occlusion.score(video, puzzle.layout) == 1.0) == (name == "as they were")
    for exchanged in {"colours exchanged", "places exchanged"} & set(answers):
        assert occlusion.score(answers[exchanged], puzzle.layout) < 0.1


@many
@given(seeds)
def test_half_way_nothing_but_the_bar_is_seen(seed):
    puzzle = occlusion.generate(seed)
    start, end = puzzle.layout["bar"]
    middle = puzzle.video[8]
    assert (middle[:, start:end] == 130).all()
    assert (np.delete(middle, slice(start, end), axis=1) == (236, 236, 232)).all()
    rows = [item["row"] for item in puzzle.layout["objects"]]
    assert rows == sorted(set(rows))


@pytest.mark.parametrize(
    "shapes, sides, hard", [("cc", (1, 1), 1), ("cs", (1, 1), 2), ("cc", (1, 0), 2), ("cs", (0, 1), 3)]
)
def test_difficulty(shapes, sides, hard):
    objects = [{"shape": name, "from_left": bool(side)} for name, side in zip(shapes, sides, strict=True)]
    assert occlusion.difficulty({"objects": objects}) == hard
