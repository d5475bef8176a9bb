import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import any_shelf, shelf
from chainofsteps.bench.puzzles.canvas import BACKGROUND, CELL, COLOURS, SHAPES
from tests.bench.puzzles.rules import check_puzzle, many, seeds

BOTH = pytest.mark.parametrize("module", [shelf, any_shelf])


@BOTH
@many
@given(seeds)
def test_shelf(module, seed):
    check_puzzle(module, seed)


def tile(row, column):
    return slice(CELL * row, CELL * (row + 1)), slice(CELL * column, CELL * (column + 1))


@BOTH
@many
@given(seeds)
def test_free_shelves_are_the_candidates(module, seed):
    puzzle = module.generate(seed)
    answers = module.answers(puzzle.layout)
    scores = {name: module.score(video, puzzle.layout) for name, video in answers.items()}
    right = set(answers) if module is any_shelf else {shelf.LEVELS[puzzle.layout["level"]]}
    assert scores == {name: float(name in right) for name in answers}
    assert len(scores) == 4 - len(puzzle.layout["bystanders"]) == module.difficulty(puzzle.layout)
    assert any(np.array_equal(video, puzzle.video) for video in answers.values())


def goal(puzzle):
    """The shelf that the true video takes."""
    answers = shelf.answers(puzzle.layout)
    return next(level for level in range(4) if np.array_equal(answers.get(shelf.LEVELS[level]), puzzle.video))


@BOTH
@many
@given(seeds)
def test_two_shelves_at_once_or_a_copy_at_the_start_are_wrong(module, seed):
    puzzle = module.generate(seed)
    level, start = goal(puzzle), tile(*puzzle.layout["object"]["cell"])
    other = next(place for place in shelf.free(puzzle.layout) if place != level)
    twice, stayed, beside = (puzzle.video.copy() for _ in range(3))
    twice[(-1, *tile(other, 3))] = shelf.render(puzzle.layout, other)[(-1, *tile(other, 3))]
    stayed[(-1, *start)] = puzzle.video[(0, *start)]
    beside[(-1, *tile(level, 1))] = puzzle.video[(0, *start)]
    for wrong in (twice, stayed, beside):
        assert module.score(wrong, puzzle.layout) < 1.0
    assert module.score(twice, puzzle.layout) < 0.2


@BOTH
@many
@given(seeds)
def test_a_changed_object_bystander_or_board_is_wrong(module, seed):
    puzzle = module.generate(seed)
    layout, level = puzzle.layout, goal(puzzle)
    item, bystanders, boards = layout["object"], layout["bystanders"], layout["boards"]
    for part, choices in (("colour", list(COLOURS)), ("shape", SHAPES)):
        for other in choices:
            if other != item[part]:
                wrong = shelf.render({**layout, "object": {**item, part: other}}, level)
                assert module.score(wrong, layout) < 1.0
            for i, bystander in enumerate(bystanders):
                if other != bystander[part]:
                    changed = [*bystanders[:i], {**bystander, part: other}, *bystanders[i + 1 :]]
                    assert module.score(shelf.render({**layout, "bystanders": changed}, level), layout) < 1.0
    for i in range(len(bystanders)):
        lost = bystanders[:i] + bystanders[i + 1 :]
        assert module.score(shelf.render({**layout, "bystanders": lost}, level), layout) < 1.0
    for place in range(4):
        other = {"grey": "black", "black": "grey"}[boards[place]]
        painted = {**layout, "boards": [*boards[:place], other, *boards[place + 1 :]]}
        assert module.score(shelf.render(painted, level), layout) < 1.0
        fallen = puzzle.video.copy()
        fallen[-1, 16 * place + 14 : 16 * place + 16, 48:] = BACKGROUND
        assert module.score(fallen, layout) < 1.0


@BOTH
@many
@given(seeds)
def test_halfway_to_the_shelf_is_wrong(module, seed):
    puzzle = module.generate(seed)
    assert module.score(puzzle.video[:10], puzzle.layout) < 0.2


@many
@given(seeds)
def test_the_ways_part_at_once(seed):
    videos = list(shelf.answers(shelf.generate(seed).layout).values())
    for i, video in enumerate(videos):
        for other in videos[:i]:
            assert (np.abs(video[2:].astype(int) - other[2:]).max((1, 2, 3)) > 60).all()
