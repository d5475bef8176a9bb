import numpy as np
from hypothesis import given

from chainofsteps.puzzles import canvas, loop_maze, maze, unique_maze
from tests.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_loop_maze(seed):
    check_puzzle(loop_maze, seed)


@many
@given(seeds)
def test_unique_maze(seed):
    check_puzzle(unique_maze, seed)


def routes_of(layout):
    walls, start, goal = maze.read_layout(layout)
    return maze.shortest_routes(set(maze.PASSAGES) - walls, start, goal)


@many
@given(seeds)
def test_every_shortest_route_is_right_and_two_at_once_are_wrong(seed):
    layout = loop_maze.generate(seed).layout
    walls, _, goal = maze.read_layout(layout)
    routes = routes_of(layout)
    assert 2 <= len(routes) <= 4
    videos = [maze.render(walls, route, goal) for route in routes]
    for video in videos:
        assert loop_maze.score(video, layout) == 1.0
    both = videos[0].copy()
    trail = canvas.amount(videos[1][-1], maze.TRAIL) > 0.5
    both[-1][trail] = maze.TRAIL
    assert loop_maze.score(both, layout) < 1.0


@many
@given(seeds)
def test_straight_line_through_walls_is_wrong(seed):
    puzzle = unique_maze.generate(seed)
    _, start, goal = maze.read_layout(puzzle.layout)
    (route,) = routes_of(puzzle.layout)
    if len(route) - 1 == abs(start[0] - goal[0]) + abs(start[1] - goal[1]):
        return  # the way round is no longer than the straight one: a line need not cross a wall
    video = puzzle.video.copy()
    frame = np.broadcast_to(video[0], video.shape)[-1].astype(np.float32)
    for share in np.linspace(0, 1, 200):
        x, y = (
            canvas.centre(a) + share * (canvas.centre(b) - canvas.centre(a))
            for a, b in zip(start[::-1], goal[::-1], strict=True)
        )
        canvas.paint(frame, canvas.disc(x, y, 2.0), maze.TRAIL)
    canvas.paint(frame, canvas.disc(canvas.centre(goal[1]), canvas.centre(goal[0]), 5.0), maze.AGENT)
    video[-1] = canvas.finish(frame)
    assert unique_maze.score(video, puzzle.layout) < 0.8


@many
@given(seeds)
def test_route_through_a_wall_is_wrong(seed):
    """The right drawing of a route that the walls forbid: rooms in an L, whatever stands between them."""
    puzzle = unique_maze.generate(seed)
    walls, start, goal = maze.read_layout(puzzle.layout)
    column = range(start[1], goal[1] + (1 if goal[1] >= start[1] else -1), 1 if goal[1] >= start[1] else -1)
    row = range(start[0], goal[0] + (1 if goal[0] >= start[0] else -1), 1 if goal[0] >= start[0] else -1)
    route = [(start[0], c) for c in column] + [(r, goal[1]) for r in list(row)[1:]]
    if not maze.passages_of(route) & walls:
        return
    assert unique_maze.score(maze.render(walls, route, goal), puzzle.layout) <= 0.2


def test_second_disc_and_missing_walls_are_wrong():
    puzzle = loop_maze.generate(3)
    walls, start, goal = maze.read_layout(puzzle.layout)
    twice = puzzle.video.copy()
    frame = twice[-1].astype(np.float32)
    canvas.paint(frame, canvas.disc(canvas.centre(start[1]), canvas.centre(start[0]), 5.0), maze.AGENT)
    twice[-1] = canvas.finish(frame)
    assert loop_maze.score(twice, puzzle.layout) < 1.0
    assert loop_maze.score(maze.render(set(), routes_of(puzzle.layout)[0], goal), puzzle.layout) < 1.0
