import numpy as np
from hypothesis import given

from chainofsteps.puzzles import occlusion
from chainofsteps.puzzles.canvas import COLOURS
from tests.puzzles.rules import check_puzzle, many, seeds


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
    other = {"circle": "square", "square": "circle"}[layout["objects"][0]["shape"]]
    assert occlusion.score(occlusion._render(changed(layout, shape=other)), layout) < 1.0


def test_an_object_that_stays_in_sight_is_wrong():
    puzzle = occlusion.generate(5)
    jump = np.concatenate([np.repeat(puzzle.video[:1], 16, axis=0), puzzle.video[-1:]])
    assert occlusion.score(jump, puzzle.layout) < 1.0
