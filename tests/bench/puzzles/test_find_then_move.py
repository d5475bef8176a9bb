import numpy as np
from hypothesis import given

from chainofsteps.bench.puzzles import find_then_move
from chainofsteps.bench.puzzles.canvas import BACKGROUND, CELL, COLOURS, SHAPES
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_find_then_move(seed):
    check_puzzle(find_then_move, seed)


def test_the_object_rests_in_the_box_for_the_last_quarter():
    for seed in range(20):
        video = find_then_move.generate(seed).video
        assert (video[12:] == video[12]).all() and (video[11] != video[12]).any()


def render(layout, **changes):
    return find_then_move._render({**layout, **changes}, layout["target"])


def tile(cell):
    row, column = cell
    return slice(CELL * row, CELL * (row + 1)), slice(CELL * column, CELL * (column + 1))


@many
@given(seeds)
def test_only_the_named_object_is_right(seed):
    layout = find_then_move.generate(seed).layout
    scores = [find_then_move.score(video, layout) for video in find_then_move.answers(layout).values()]
    assert scores[layout["target"]] == 1.0
    assert sorted(scores)[-2] < 0.2


@many
@given(seeds)
def test_an_object_that_changed_colour_or_shape_is_wrong(seed):
    layout = find_then_move.generate(seed).layout
    for changed in range(len(layout["objects"])):
        for part, choices in (("colour", list(COLOURS)), ("shape", SHAPES)):
            objects = [dict(item) for item in layout["objects"]]
            objects[changed][part] = choices[choices.index(objects[changed][part]) - 1]
            assert find_then_move.score(render(layout, objects=objects), layout) < 1.0


@many
@given(seeds)
def test_a_lost_bystander_a_lost_box_or_a_copy_is_wrong(seed):
    puzzle = find_then_move.generate(seed)
    objects, target, box = (puzzle.layout[key] for key in ("objects", "target", "box"))
    taken = [box, *(item["cell"] for item in objects)]
    free = next([row, column] for row in range(4) for column in range(4) if [row, column] not in taken)
    lost, unboxed, copy_left, copied, unframed = (puzzle.video.copy() for _ in range(5))
    lost[(-1, *tile(objects[target - 1]["cell"]))] = BACKGROUND
    rows, columns = tile(box)
    unboxed[-1, rows.start : rows.start + 2, columns] = BACKGROUND
    unboxed[-1, rows, columns.start : columns.start + 2] = BACKGROUND
    copy_left[(-1, *tile(objects[target]["cell"]))] = puzzle.video[(5, *tile(objects[target]["cell"]))]
    copied[(-1, *tile(free))] = puzzle.video[(0, *tile(objects[target]["cell"]))]
    unframed[(-1, *tile(objects[target]["cell"]))] = BACKGROUND
    for wrong in (lost, unboxed, copy_left, copied, unframed):
        assert find_then_move.score(wrong, puzzle.layout) < 1.0


@many
@given(seeds)
def test_moving_without_finding_or_finding_another_first_is_wrong(seed):
    puzzle = find_then_move.generate(seed)
    videos = list(find_then_move.answers(puzzle.layout).values())
    other = videos[puzzle.layout["target"] - 1]
    jump = np.concatenate([np.repeat(puzzle.video[:1], 16, axis=0), puzzle.video[-1:]])
    switched = np.concatenate([other[:6], puzzle.video[6:]])
    late = puzzle.video[np.r_[np.zeros(7, int), 0:6, 7:17:3]]
    both = np.concatenate([np.minimum(puzzle.video[:6], other[:6]), puzzle.video[6:]])
    for wrong in (jump, switched, late, both):
        assert find_then_move.score(wrong, puzzle.layout) <= 0.7


@many
@given(seeds)
def test_setting_off_before_the_frame_is_drawn_is_wrong(seed):
    puzzle = find_then_move.generate(seed)
    cell = tile(puzzle.layout["objects"][puzzle.layout["target"]]["cell"])
    early = puzzle.video.copy()
    early[(slice(3, 7), *cell)] = puzzle.video[(-1, *cell)]
    assert find_then_move.score(early, puzzle.layout) < 1.0


@many
@given(seeds)
def test_finding_without_moving_gets_its_part(seed):
    puzzle = find_then_move.generate(seed)
    found = np.concatenate([puzzle.video[:6], np.repeat(puzzle.video[5:6], 11, axis=0)])
    assert 0.35 < find_then_move.score(found, puzzle.layout) <= 0.4


@many
@given(seeds)
def test_the_way_is_clear(seed):
    puzzle = find_then_move.generate(seed)
    for i, item in enumerate(puzzle.layout["objects"]):
        if i != puzzle.layout["target"]:
            row, column = (CELL * cell + CELL // 2 for cell in item["cell"])
            middle = puzzle.video[:, row - 4 : row + 4, column - 4 : column + 4]
            assert np.ptp(middle, axis=0).max() == 0
