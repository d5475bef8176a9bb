import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import bounce, bounce_down
from chainofsteps.bench.puzzles.bounce import render
from chainofsteps.bench.puzzles.canvas import BACKGROUND, BLACK, COLOURS, disc, finish, paint, shape
from chainofsteps.bench.puzzles.flights import BOTTOM, TARGETS, TOP, path, target
from tests.bench.puzzles.rules import check_puzzle, many, seeds

both = pytest.mark.parametrize("module", [bounce, bounce_down])


@both
@many
@given(seeds)
def test_bounce(module, seed):
    check_puzzle(module, seed)


@both
def test_the_ball_rests_for_the_last_quarter(module):
    for seed in range(20):
        video = module.generate(seed).video
        assert (video[12:] == video[12]).all() and (video[11] != video[12]).any()


@many
@given(seeds)
def test_the_flight_is_what_a_ball_does_between_two_walls(seed):
    layout = bounce.generate(seed).layout
    x, speed, turns, steps = float(layout["start"]), layout["across"] / 4000, 0, []
    for _ in range(4000):
        x += speed
        if not 5 <= x <= 59:
            x, speed, turns = (10 if x < 5 else 118) - x, -speed, turns + 1
        steps.append(x)
    assert round(x) == TARGETS[target(layout)] and turns == bounce.difficulty(layout)
    path_x, path_y = path(layout["start"], layout["across"], np.arange(1, 4001) / 4000)
    assert np.allclose(path_x, steps, atol=0.1) and path_y[-1] == TOP
    near_end = np.abs(path_y - TOP) <= 5  # at the height of the squares the ball's centre is in no other one
    others = [place for place in TARGETS if place != TARGETS[target(layout)]]
    assert all(np.abs(path_x[near_end] - place).min() > 5 for place in others)


@both
@many
@given(seeds)
def test_only_the_answer_that_the_line_leads_to_is_right(module, seed):
    layout = module.generate(seed).layout
    answers = module.answers(layout)
    assert set(answers) == {f"{colour} square" for colour in layout["targets"]}
    for column, colour in enumerate(layout["targets"]):
        value = module.score(answers[f"{colour} square"], layout)
        assert value == 1.0 if column == target(layout) else value <= 0.3


@many
@given(seeds)
def test_a_second_ball_or_one_left_at_the_start_is_wrong(seed):
    puzzle = bounce.generate(seed)
    places = [(x, TOP) for x in TARGETS if x != TARGETS[target(puzzle.layout)]]
    for x, y in [*places, (puzzle.layout["start"], BOTTOM), (32, 32)]:
        video = puzzle.video.astype(np.float32)
        paint(video[-1:], disc(x, y, bounce.BALL), BLACK)
        assert bounce.score(finish(video), puzzle.layout) < 1.0


@both
@many
@given(seeds)
def test_a_ball_that_jumps_is_wrong(module, seed):
    puzzle = module.generate(seed)
    late, early = puzzle.video.copy(), puzzle.video.copy()
    late[:-1], early[1:] = puzzle.video[0], puzzle.video[-1]
    for wrong in (late, early):
        assert module.score(wrong, puzzle.layout) == 0.6


@many
@given(seeds)
def test_a_ball_that_is_off_its_path_half_way_is_wrong(seed):
    puzzle = bounce.generate(seed)
    x, y = path(puzzle.layout["start"], puzzle.layout["across"], np.linspace(0, 1, 401))
    places = [place for place in range(8, 60, 4) if np.hypot(x - place, y - 32).min() > 8]
    assert places
    for place in places:
        stray = puzzle.video.astype(np.float32)
        stray[8] = puzzle.video[-1]
        paint(stray[8:9], shape("square", TARGETS[target(puzzle.layout)], TOP, bounce.HALF), COLOURS["cyan"])
        paint(stray[8:9], disc(place, 32, bounce.BALL), BLACK)
        assert bounce.score(finish(stray), puzzle.layout) == 0.6


@many
@given(seeds)
def test_a_square_lost_recoloured_or_of_another_shape_is_wrong(seed):
    puzzle = bounce.generate(seed)
    layout, right = puzzle.layout, target(puzzle.layout)
    new = next(name for name in COLOURS if name not in layout["targets"])
    for column, x in enumerate(TARGETS):
        colours = [new if place == column else name for place, name in enumerate(layout["targets"])]
        assert bounce.score(render({**layout, "targets": colours}, layout["across"]), layout) < 1.0
        hollow = puzzle.video.astype(np.float32)
        paint(hollow, shape("square", x, TOP, bounce.HALF - 1), BACKGROUND)
        assert bounce.score(finish(hollow), layout) < 1.0
        for name in ("circle", "triangle", None):
            video = puzzle.video.astype(np.float32)
            paint(video, shape("square", x, TOP, bounce.HALF), BACKGROUND)
            if name:
                paint(video, shape(name, x, TOP, bounce.HALF), COLOURS[layout["targets"][column]])
            if column == right:
                paint(video[-1:], disc(x, TOP, bounce.BALL), BLACK)
            assert bounce.score(finish(video), layout) < 1.0


@many
@given(seeds)
def test_a_line_that_is_gone_or_a_thing_beside_is_wrong(seed):
    puzzle = bounce.generate(seed)
    layout = puzzle.layout
    gone = puzzle.video.copy()
    gone[-1][bounce.line(layout) > 0] = BACKGROUND
    assert bounce.score(gone, layout) < 1.0
    beside = puzzle.video.astype(np.float32)
    paint(beside[-1:], shape("square", 32, 28, 4), COLOURS[layout["targets"][0]])
    assert bounce.score(finish(beside), layout) < 1.0


def test_every_number_of_reflections_reaches_every_square():
    drawn = {(bounce.difficulty(p.layout), target(p.layout)) for p in map(bounce.generate, range(300))}
    assert drawn == {(float(turns), column) for turns in range(3) for column in range(4)}


def test_bounce_down_is_bounce_upside_down():
    up, down = bounce.generate(7), bounce_down.generate(7)
    assert (up.prompt, up.layout) == (down.prompt, down.layout)
    assert np.array_equal(up.video[:, ::-1], down.video) and down.video.flags.c_contiguous
    assert bounce_down.score(up.video, up.layout) <= 0.3
