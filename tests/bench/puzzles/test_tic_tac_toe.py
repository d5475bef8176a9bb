import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import tic_tac_toe, tic_tac_toe_single
from chainofsteps.bench.puzzles.canvas import BACKGROUND, BLACK, COLOURS, box, finish, paint
from chainofsteps.bench.puzzles.marks import MARKS, drawn
from chainofsteps.bench.puzzles.tic_tac_toe import empty, render, score, winning
from tests.bench.puzzles.rules import check_puzzle, many, seeds

both = pytest.mark.parametrize("module", [tic_tac_toe, tic_tac_toe_single])
LINES = ["012", "345", "678", "036", "147", "258", "048", "246"]


def played(layout, mark, colour, cell):
    """A video that stands still with any mark of any colour played in a cell."""
    video = render(layout, cell)[:1].repeat(17, 0).astype(np.float32)
    paint(video, drawn(mark, cell), COLOURS[colour])
    return finish(video)


@both
@many
@given(seeds)
def test_tic_tac_toe(module, seed):
    check_puzzle(module, seed)


@both
@many
@given(seeds)
def test_positions_are_those_of_a_game_that_one_move_wins(module, seed):
    layout = module.generate(seed).layout
    top, left = layout["board"]
    held = {mark: {3 * (r - top) + c - left for r, c in layout[mark]["cells"]} for mark in MARKS}
    assert all(set("012345678") >= set(map(str, cells)) for cells in held.values())
    assert not held["cross"] & held["ring"]
    lines = [{int(digit) for digit in line} for line in LINES]
    assert not any(line <= cells for line in lines for cells in held.values())
    own = held.pop(layout["player"])
    (other,) = held.values()
    assert len(other) - len(own) in (0, 1)
    free = set(range(9)) - own - other
    right = {cell for cell in free if any(line <= own | {cell} for line in lines)}
    assert right == {3 * (r - top) + c - left for r, c in winning(layout)}
    assert len(right) == (2 if module is tic_tac_toe else 1) < len(free)


@both
@many
@given(seeds)
def test_the_answers_that_win_are_right_and_no_others(module, seed):
    layout = module.generate(seed).layout
    answers = module.answers(layout)
    assert set(answers) == {f"cell {r} {c}" for r, c in empty(layout)}
    for cell in empty(layout):
        value = module.score(answers[f"cell {cell[0]} {cell[1]}"], layout)
        assert value == (1.0 if cell in winning(layout) else 0.0)


@both
@many
@given(seeds)
def test_two_marks_at_once_are_wrong(module, seed):
    layout = module.generate(seed).layout
    video = render(layout, winning(layout)[0]).astype(np.float32)
    for cell in set(empty(layout)) - {winning(layout)[0]}:
        two = video.copy()
        paint(two, drawn(layout["player"], cell), COLOURS[layout[layout["player"]]["colour"]])
        assert module.score(finish(two), layout) < 0.3


@both
@many
@given(seeds)
def test_another_mark_or_colour_is_wrong(module, seed):
    layout = module.generate(seed).layout
    asked, cell = layout["player"], winning(layout)[0]
    other, colour = MARKS[1 - MARKS.index(asked)], layout[asked]["colour"]
    third = sorted(COLOURS)[seed % len(COLOURS)]
    assert module.score(played(layout, asked, colour, cell), layout) == 1.0
    for wrong in ((other, colour), (other, layout[other]["colour"]), (asked, layout[other]["colour"]), (asked, third)):
        if wrong != (asked, colour):
            assert module.score(played(layout, *wrong, cell), layout) == 0.0


@both
@many
@given(seeds)
def test_a_mark_half_drawn_is_wrong(module, seed):
    puzzle = module.generate(seed)
    assert 0 < module.score(puzzle.video[:9], puzzle.layout) < 0.9


@both
@many
@given(seeds)
def test_an_old_mark_lost_or_changed_is_wrong(module, seed):
    layout = module.generate(seed).layout
    cell, colours = winning(layout)[0], {layout[mark]["colour"] for mark in MARKS}
    third = next(name for name in COLOURS if name not in colours)
    for mark in MARKS:
        other = MARKS[1 - MARKS.index(mark)]
        recoloured = {**layout, mark: {**layout[mark], "colour": third}}
        lost = {**layout, mark: {**layout[mark], "cells": layout[mark]["cells"][1:]}}
        swapped = {
            **lost,
            other: {**layout[other], "cells": [*layout[other]["cells"], layout[mark]["cells"][0]]},
        }
        for wrong in (recoloured, lost, swapped):
            assert module.score(render(wrong, cell), layout) < 1.0


@both
@many
@given(seeds)
def test_a_board_that_lost_a_piece_or_its_colour_is_wrong(module, seed):
    puzzle = module.generate(seed)
    other = {"grey": "black", "black": "grey"}[puzzle.layout["lines"]]
    assert module.score(render({**puzzle.layout, "lines": other}, winning(puzzle.layout)[0]), puzzle.layout) < 1.0
    for x0, y0, x1, y1 in tic_tac_toe.pieces(puzzle.layout):
        broken = puzzle.video.copy()
        broken[:, y0:y1, x0:x1] = BACKGROUND
        assert module.score(broken, puzzle.layout) < 1.0


def test_something_beside_the_board_is_wrong():
    puzzle = tic_tac_toe.generate(3)
    top, left = puzzle.layout["board"]
    video = puzzle.video.astype(np.float32)
    x, y = 4 + 48 * (left == 0), 4 + 48 * (top == 0)
    paint(video, box(x, y, x + 6, y + 6), BLACK)
    assert score(puzzle.video, puzzle.layout) == 1.0
    assert score(finish(video), puzzle.layout) < 1.0


@both
def test_harder_cases_have_more_empty_cells(module):
    layouts = [module.generate(seed).layout for seed in range(200)]
    ordered = sorted(layouts, key=module.difficulty)
    assert [len(empty(layout)) for layout in ordered] == sorted(len(empty(layout)) for layout in layouts)
    assert len({module.difficulty(layout) for layout in layouts}) > 3
