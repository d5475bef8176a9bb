import numpy as np
import pytest
from hypothesis import given

from chainofsteps.bench.puzzles import canvas, loop_maze, loop_maze_5, maze, unique_maze, unique_maze_5, unique_maze_6
from tests.bench.puzzles.rules import check_puzzle, many, seeds


@many
@given(seeds)
def test_loop_maze(seed):
    check_puzzle(loop_maze, seed)


@many
@given(seeds)
def test_unique_maze(seed):
    check_puzzle(unique_maze, seed)


@pytest.mark.parametrize(("module", "size"), [(loop_maze_5, 5), (unique_maze_5, 5), (unique_maze_6, 6)])
def test_larger_mazes(module, size):
    for seed in range(60):
        check_puzzle(module, seed)
        puzzle = module.generate(seed)
        assert puzzle.layout["size"] == size and puzzle.video.shape == (17, 16 * size, 16 * size, 3)
        routes = maze.routes_of(puzzle.layout)
        assert len(routes) == 1 if module.KIND == "unique" else 2 <= len(routes) <= 4


@many
@given(seeds)
def test_every_shortest_route_is_right_and_two_at_once_are_wrong(seed):
    layout = loop_maze.generate(seed).layout
    walls, _, goal = maze.read_layout(layout)
    routes = maze.routes_of(layout)
    assert 2 <= len(routes) <= 4
    videos = [maze.render(walls, route, goal) for route in routes]
    for video in videos:
        assert loop_maze.score(video, layout) == 1.0
    both = videos[0].copy()
    trail = canvas.amount(videos[1][-1], maze.TRAIL) > 0.5
    both[-1][trail] = maze.TRAIL
    assert loop_maze.score(both, layout) < 1.0


def with_line(frame, start, goal):
    """A first frame (64, 64, 3) with a straight trail from room to room, and the disc moved to its end."""
    frame = frame.astype(np.float32)
    (sy, sx), (gy, gx) = ((canvas.centre(row), canvas.centre(column)) for row, column in (start, goal))
    canvas.paint(frame, canvas.disc(sx, sy, 6.0), canvas.BACKGROUND)
    for share in np.linspace(0, 1, 200):
        canvas.paint(frame, canvas.disc(sx + share * (gx - sx), sy + share * (gy - sy), 2.0), maze.TRAIL)
    canvas.paint(frame, canvas.disc(gx, gy, maze.AGENT_RADIUS), maze.AGENT)
    return canvas.finish(frame)


@many
@given(seeds)
def test_straight_line_through_walls_is_wrong(seed):
    puzzle = unique_maze.generate(seed)
    walls, start, goal = maze.read_layout(puzzle.layout)
    last = with_line(puzzle.video[0], start, goal)
    crossed = [wall for wall in walls if (canvas.amount(last[maze._slices(maze._wall(wall))], maze.TRAIL) > 0.5).any()]
    if not crossed:
        return  # this line is free: nothing to refuse
    video = np.concatenate([puzzle.video[:-1], last[None]])
    overlap_at_most = 0.7 * (len(maze.routes_of(puzzle.layout)[0]) - 2) / (len(maze.routes_of(puzzle.layout)[0]) - 1)
    assert unique_maze.score(video, puzzle.layout) <= 0.2 + overlap_at_most


def test_straight_line_along_a_free_row_is_right():
    """The drawing itself is not what is refused: without walls in between the same line is the shortest route."""
    walls = {passage for passage in maze.passages_in() if passage[0][0] != 0 or passage[1][0] != 0}
    route = [(0, column) for column in range(4)]
    puzzle = maze.make(walls, route)
    video = np.concatenate([puzzle.video[:-1], with_line(puzzle.video[0], route[0], route[-1])[None]])
    assert unique_maze.score(video, puzzle.layout) == 1.0


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


@many
@given(seeds)
def test_second_disc_is_wrong_wherever_it_is(seed):
    puzzle = loop_maze.generate(seed)
    _, _, goal = maze.read_layout(puzzle.layout)
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(5, 59, 2)
    if max(abs(x - canvas.centre(goal[1])), abs(y - canvas.centre(goal[0]))) < 12:
        return  # mostly under the first
    frame = puzzle.video[-1].astype(np.float32)
    canvas.paint(frame, canvas.disc(x, y, maze.AGENT_RADIUS), maze.AGENT)
    video = np.concatenate([puzzle.video[:-1], canvas.finish(frame)[None]])
    assert loop_maze.score(video, puzzle.layout) < 1.0


def test_missing_walls_are_wrong():
    puzzle = loop_maze.generate(3)
    _, _, goal = maze.read_layout(puzzle.layout)
    assert loop_maze.score(maze.render(set(), maze.routes_of(puzzle.layout)[0], goal), puzzle.layout) < 1.0


def test_trail_beside_the_route_is_wrong():
    puzzle = loop_maze.generate(3)
    frame = puzzle.video[-1].astype(np.float32)
    place = np.arange(len(frame)) % maze.CELL
    corner = (place == 2) | (place == 3)  # of a room, where no passage leads
    frame[np.ix_(corner, corner)] = maze.TRAIL
    video = np.concatenate([puzzle.video[:-1], canvas.finish(frame)[None]])
    trails = [
        {passage for passage, mass in maze.passage_mass(shown.astype(np.float32)).items() if mass > 0.5}
        for shown in (puzzle.video[-1], video[-1])
    ]
    assert trails[0] == trails[1] and loop_maze.score(puzzle.video, puzzle.layout) == 1.0
    assert loop_maze.score(video, puzzle.layout) < 1.0


def test_a_disc_that_has_gone_past_the_goal_has_not_arrived():
    puzzle = unique_maze.generate(3)
    before, goal = (np.array(room) for room in maze.routes_of(puzzle.layout)[0][-2:])
    scores = []
    for past in (0, 5):
        y, x = canvas.centre(0) + maze.CELL * goal + past * (goal - before)
        frame = puzzle.video[-1].astype(np.float32)
        canvas.paint(frame, canvas.disc(*(canvas.centre(0) + maze.CELL * goal)[::-1], 6.0), canvas.BACKGROUND)
        canvas.paint(frame, canvas.disc(x, y, 4.0), maze.AGENT)
        scores.append(unique_maze.score(np.concatenate([puzzle.video[:-1], canvas.finish(frame)[None]]), puzzle.layout))
    assert scores == [1.0, 0.7]  # the whole route, and not the goal
