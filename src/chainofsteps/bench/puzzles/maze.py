"""Mazes: what those with one route and those with several share, on boards of 4 x 4 rooms and larger.

A red disc goes from its room to the green square and leaves a blue trail, so the last frame records the whole route.

Score, from the last frame: 1.0 if the passages that carry trail are exactly those of one shortest route, the disc is
on the square and nowhere else, the walls stand, and there is no trail beside the route. Otherwise partial credit, at
most 0.9: 0.7 x (best overlap of trail with a shortest route, intersection over union of passages; 0 if the trail
crosses a wall) + 0.2 x (disc on the square). The first frame scores 0: it has no trail.

A wall stands with 0.4 of its ink; ink in free passages, and what else is drawn into rooms beside the route, is not
looked for.
"""

from collections import defaultdict, deque
from itertools import islice

import numpy as np

from .canvas import (
    BACKGROUND,
    BLACK,
    CELL,
    CELLS,
    COLOURS,
    Puzzle,
    amount,
    blank,
    box,
    centre,
    check_video,
    disc,
    finish,
    frames,
    paint,
)

CATEGORY = "Spatiality"
PROMPTS = (
    "move the red disc along the shortest path to the green square",
    "find the shortest way for the red disc to the green square",
    "the red disc takes the shortest route to the green square",
)
AGENT, GOAL, TRAIL = COLOURS["red"], COLOURS["green"], COLOURS["blue"]
AGENT_RADIUS, GOAL_HALF, TRAIL_HALF, WALL_HALF = 5.0, 6.0, 2.0, 1.0
WRONG_ROUTES = 3  # of the candidate answers of a maze with one route

Room = tuple[int, int]
Passage = tuple[Room, Room]  # two neighbouring rooms, the smaller first


def rooms_of(size: int = CELLS) -> list[Room]:
    """The rooms of a board of size x size."""
    return [(r, c) for r in range(size) for c in range(size)]


def passages_in(size: int = CELLS) -> list[Passage]:
    """Every two neighbouring rooms of a board of size x size."""
    pairs = [(a, b) for a in rooms_of(size) for b in ((a[0], a[1] + 1), (a[0] + 1, a[1]))]
    return [(a, b) for a, b in pairs if max(b) < size]


def shortest_routes(open_passages: set[Passage], start: Room, goal: Room) -> list[list[Room]]:
    """All shortest routes from start to goal, as lists of rooms; empty if there is none."""
    neighbours: dict[Room, list[Room]] = defaultdict(list)
    for a, b in open_passages:
        neighbours[a].append(b)
        neighbours[b].append(a)
    steps_to_goal = {goal: 0}
    queue = deque([goal])
    while queue:
        room = queue.popleft()
        for other in neighbours[room]:
            if other not in steps_to_goal:
                steps_to_goal[other] = steps_to_goal[room] + 1
                queue.append(other)
    if start not in steps_to_goal:
        return []
    routes = [[start]]
    while routes[0][-1] != goal:
        routes = [
            [*route, room]
            for route in routes
            for room in sorted(neighbours[route[-1]])
            if steps_to_goal.get(room, np.inf) == steps_to_goal[route[-1]] - 1
        ]
    return routes


def passages_of(route: list[Room]) -> set[Passage]:
    """The passages a route goes through."""
    return {(min(a, b), max(a, b)) for a, b in zip(route, route[1:], strict=False)}


def _wall(passage: Passage) -> tuple[float, float, float, float]:
    (r, c), (r2, _) = passage
    if r == r2:  # rooms side by side: an upright wall between them
        return CELL * (c + 1) - WALL_HALF, CELL * r, CELL * (c + 1) + WALL_HALF, CELL * (r + 1)
    return CELL * c, CELL * (r + 1) - WALL_HALF, CELL * (c + 1), CELL * (r + 1) + WALL_HALF


def _segment(passage: Passage) -> tuple[float, float, float, float]:
    """The trail's box from room to room."""
    (r, c), (r2, c2) = passage
    return (centre(c) - TRAIL_HALF, centre(r) - TRAIL_HALF, centre(c2) + TRAIL_HALF, centre(r2) + TRAIL_HALF)


def render(walls: set[Passage], route: list[Room], goal: Room, size: int = CELLS) -> np.ndarray:
    """The true video: the disc moves along the route at constant speed and arrives in the last frame."""
    side = CELL * size
    video = blank(side=side)
    for passage in sorted(walls):
        paint(video, box(*_wall(passage), side), BLACK)
    gx, gy = centre(goal[1]), centre(goal[0])
    paint(video, box(gx - GOAL_HALF, gy - GOAL_HALF, gx + GOAL_HALF, gy + GOAL_HALF, side), GOAL)
    corners = np.array([(centre(c), centre(r)) for r, c in route], np.float32)
    progress = np.linspace(0, len(route) - 1, frames())
    x, y = (np.interp(progress, np.arange(len(route)), corners[:, axis]) for axis in (0, 1))
    trail = np.zeros(video.shape[:3], np.float32)
    for i, (ax, ay) in enumerate(corners[:-1]):
        done = np.clip(progress - i, 0, 1)
        ex, ey = ax + done * (corners[i + 1, 0] - ax), ay + done * (corners[i + 1, 1] - ay)
        segment = box(
            np.minimum(ax, ex) - TRAIL_HALF,
            np.minimum(ay, ey) - TRAIL_HALF,
            np.maximum(ax, ex) + TRAIL_HALF,
            np.maximum(ay, ey) + TRAIL_HALF,
            side,
        )
        trail = np.maximum(trail, segment * (done > 0)[:, None, None])
    paint(video, trail, TRAIL)
    paint(video, disc(x, y, AGENT_RADIUS, side), AGENT)
    return finish(video)


def make(walls: set[Passage], route: list[Room], size: int = CELLS, prompt: str = PROMPTS[0]) -> Puzzle:
    """A puzzle from its walls and the route its true video takes."""
    layout = {"walls": sorted(map(list, walls)), "start": list(route[0]), "goal": list(route[-1])}
    if size != CELLS:
        layout["size"] = size
    return Puzzle(prompt, render(walls, route, route[-1], size), _plain(layout))


def _plain(value):
    """Tuples to lists, all the way down: the form that JSON gives back."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def read_layout(layout: dict) -> tuple[set[Passage], Room, Room]:
    """Walls, start and goal of a layout as tuples."""
    walls = {(tuple(a), tuple(b)) for a, b in layout["walls"]}
    return walls, tuple(layout["start"]), tuple(layout["goal"])


def size_of(layout: dict) -> int:
    """Rooms along a side of the board; a layout of the usual board does not say."""
    return layout.get("size", CELLS)


def routes_of(layout: dict) -> list[list[Room]]:
    """The shortest routes of a layout: its right answers."""
    walls, start, goal = read_layout(layout)
    return shortest_routes(set(passages_in(size_of(layout))) - walls, start, goal)


def difficulty(layout: dict) -> float:
    """Passages from start to goal."""
    return float(len(routes_of(layout)[0]) - 1)


def _candidates(layout: dict) -> dict[str, list[Room]]:
    """Every right route; where there is one only, also up to three that are as short as can be but cross walls."""
    _, start, goal = read_layout(layout)
    right = routes_of(layout)
    routes = {f"route {number}": route for number, route in enumerate(right, 1)}
    if len(right) == 1:
        direct = shortest_routes(set(passages_in(size_of(layout))), start, goal)
        wrong = islice((route for route in direct if route != right[0]), WRONG_ROUTES)
        routes |= {f"through walls {number}": route for number, route in enumerate(wrong, 1)}
    return routes


def answers(layout: dict) -> dict[str, np.ndarray]:
    """The video (17, side, side, 3) of each candidate route, by its name."""
    walls, _, goal = read_layout(layout)
    return {name: render(walls, route, goal, size_of(layout)) for name, route in _candidates(layout).items()}


def passage_mass(frame: np.ndarray, walls: frozenset[Passage] | set[Passage] = frozenset()) -> dict[Passage, float]:
    """How much trail each passage carries in one frame (side, side, 3), in [0, 1], read at its middle.

    Where ``walls`` stand, trail is measured over black, so that half a trail through a wall reads as a half.
    """
    trail = amount(frame, TRAIL)
    over_black = amount(frame, TRAIL, BLACK)
    for wall in walls:
        trail[_slices(_wall(wall))] = over_black[_slices(_wall(wall))]
    mass = {}
    for passage in passages_in(len(frame) // CELL):
        x0, y0, x1, y1 = _segment(passage)
        middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
        window = trail[int(middle_y) - 2 : int(middle_y) + 2, int(middle_x) - 2 : int(middle_x) + 2]
        mass[passage] = float(window.mean())
    return mass


def masses(frame: np.ndarray, layout: dict) -> dict[str, float]:
    """How far one frame (side, side, 3) supports each candidate route, in [0, 1]: trail in its least trailed passage.

    Blend weights of whole pictures would not do: where a maze branches twice, the mean of left-left and right-right is
    the mean of left-right and right-left. So each route gets what all of it has at least.
    """
    mass = passage_mass(frame.astype(np.float32), read_layout(layout)[0])
    return {name: min(mass[p] for p in passages_of(route)) for name, route in _candidates(layout).items()}


def _beside(frame: np.ndarray, route: list[Room]) -> float:
    """Trail beside a route, as a share of the route's own area."""
    corridor = np.zeros(frame.shape[:2], np.float32)
    for passage in passages_of(route):
        x0, y0, x1, y1 = _segment(passage)
        corridor = np.maximum(corridor, box(x0 - 2, y0 - 2, x1 + 2, y1 + 2, len(frame)))
    trail = amount(frame, TRAIL) > 0.5
    return float((trail & (corridor == 0)).sum() / corridor.sum())


def score(video: np.ndarray, layout: dict) -> float:
    """Score of a video (frames, side, side, 3) uint8 by the rule above."""
    check_video(video, CELL * size_of(layout))
    walls, _, goal = read_layout(layout)
    frame = video[-1].astype(np.float32)
    trail = {passage for passage, mass in passage_mass(frame).items() if mass > 0.5}
    red = amount(frame, AGENT) > 0.5
    middle_y, middle_x = int(centre(goal[0])), int(centre(goal[1]))
    arrived = red[middle_y - 3 : middle_y + 3, middle_x - 3 : middle_x + 3].mean() > 0.5
    room = red[CELL * goal[0] : CELL * (goal[0] + 1), CELL * goal[1] : CELL * (goal[1] + 1)]
    alone = red.sum() - room.sum() < 0.2 * np.pi * AGENT_RADIUS**2
    dark = amount(frame, BLACK, BACKGROUND)
    standing = all(dark[_slices(_wall(wall))].mean() > 0.4 for wall in walls)
    routes = routes_of(layout)
    for route in routes:
        if trail == passages_of(route) and arrived and alone and standing and _beside(frame, route) < 0.1:
            return 1.0
    overlap = max(len(trail & passages_of(r)) / len(trail | passages_of(r)) for r in routes)
    return round(0.7 * overlap * (not trail & walls) + 0.2 * bool(arrived), 4)


def _slices(corners: tuple[float, float, float, float]) -> tuple[slice, slice]:
    x0, y0, x1, y1 = (int(value) for value in corners)
    return slice(y0, y1), slice(x0, x1)
