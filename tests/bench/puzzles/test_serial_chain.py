import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import serial_chain, serial_chain_control
from chainofsteps.bench.puzzles.canvas import BACKGROUND, CELL
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_serial_chain(seed):
    check_puzzle(serial_chain, seed)


@many
@given(seeds)
def test_the_control_has_the_same_pictures_and_its_prompt_names_the_square(seed):
    puzzle, control = serial_chain.generate(seed), serial_chain_control.generate(seed)
    assert np.array_equal(puzzle.video, control.video) and puzzle.layout == control.layout
    assert puzzle.prompt == serial_chain.PROMPTS[0]
    assert serial_chain.SQUARES[puzzle.layout["goal"]] in control.prompt


@many
@given(seeds)
def test_whoever_follows_the_lines_reaches_the_right_square_and_no_other(seed):
    layout = serial_chain.generate(seed).layout
    points = {tuple(cell): tuple(other) for cell, other in layout["points"]}
    cell, moves = tuple(layout["start"]), 0
    while cell in points:
        other = points[cell]
        assert abs(cell[0] - other[0]) + abs(cell[1] - other[1]) == 1, "a line leads to a neighbour"
        cell, moves = other, moves + 1
    assert list(cell) == layout["squares"][layout["goal"]]
    assert moves == serial_chain.difficulty(layout) and 1 <= moves <= 12
    assert len(points) + len(layout["squares"]) == serial_chain.SIZE**2, "every cell holds a line or a square"


@many
@given(seeds)
def test_the_disc_on_another_square_is_wrong(seed):
    layout = serial_chain.generate(seed).layout
    scores = {colour: serial_chain.score(video, layout) for colour, video in serial_chain.answers(layout).items()}
    right = serial_chain.SQUARES[layout["goal"]]
    assert scores.pop(right) == 1.0 and set(scores.values()) == {0.0}


@many
@given(seeds)
def test_a_lost_line_or_square_costs_half(seed):
    puzzle = serial_chain.generate(seed)
    spoilt = puzzle.video.copy()
    row, column = puzzle.layout["points"][0][0]
    spoilt[-1, CELL * row : CELL * (row + 1), CELL * column : CELL * (column + 1)] = BACKGROUND
    if [row, column] != puzzle.layout["start"]:
        assert serial_chain.score(spoilt, puzzle.layout) == 0.5
    spoilt = puzzle.video.copy()
    row, column = puzzle.layout["squares"][(puzzle.layout["goal"] + 1) % 3]
    spoilt[-1, CELL * row : CELL * (row + 1), CELL * column : CELL * (column + 1)] = BACKGROUND
    assert serial_chain.score(spoilt, puzzle.layout) == 0.5


ON_ONE_WORKER = pytest.mark.xdist_group("serial_chain")  # which draws them once


@pytest.fixture(scope="module")
def layouts():
    return [serial_chain.generate(seed).layout for seed in range(300)]


@ON_ONE_WORKER
def test_every_length_comes_as_often_and_no_square_is_favoured(layouts):
    lengths = np.bincount([int(serial_chain.difficulty(layout)) for layout in layouts], minlength=13)[1:]
    goals = np.bincount([layout["goal"] for layout in layouts], minlength=3)
    assert lengths.min() > 12 and len(lengths) == 12
    assert goals.min() > 75


@ON_ONE_WORKER
@pytest.mark.parametrize("guess", ["nearest", "largest"])
def test_guesses_without_the_chain_solve_few_long_ones(layouts, guess):
    """The floor that a depth has to beat: the nearest square, or the one with most lines leading to it."""
    right, long, rng = 0, 0, np.random.default_rng(0)
    for layout in layouts:
        if serial_chain.difficulty(layout) < 8:
            continue
        points = {tuple(cell): tuple(other) for cell, other in layout["points"]}
        squares = [tuple(square) for square in layout["squares"]]
        if guess == "nearest":
            away = [abs(square[0] - layout["start"][0]) + abs(square[1] - layout["start"][1]) for square in squares]
            chosen = int(np.argmin(away))
        else:
            ends = [serial_chain.chain(points, cell)[-1] for cell in points]
            most = max(ends.count(square) for square in squares)
            chosen = next(i for i in rng.permutation(3) if ends.count(squares[i]) == most)
        right, long = right + (chosen == layout["goal"]), long + 1
    assert long > 100
    assert right / long < {"nearest": 0.5, "largest": 0.75}[guess]
