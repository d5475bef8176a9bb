"""A maze with one route only: the control, whose answer leaves nothing to choose."""

import numpy as np

from .canvas import Puzzle
from .maze import PASSAGES, ROOMS, make, score, shortest_routes

__all__ = ["KIND", "generate", "score"]

KIND = "unique"
LENGTHS = range(4, 9)


def _tree(rng: np.random.Generator) -> set:
    """A random spanning tree of the rooms: between any two rooms there is exactly one route."""
    group = {room: room for room in ROOMS}

    def root(room):
        while group[room] != room:
            room = group[room]
        return room

    tree = set()
    for index in rng.permutation(len(PASSAGES)):
        a, b = PASSAGES[index]
        if root(a) != root(b):
            group[root(a)] = root(b)
            tree.add((a, b))
    return tree


def generate(seed: int) -> Puzzle:
    """A maze of which every two rooms are joined by one route; the route to the goal has 4 to 8 passages."""
    rng = np.random.default_rng(seed)
    while True:
        tree = _tree(rng)
        start, goal = (ROOMS[i] for i in rng.choice(len(ROOMS), 2, replace=False))
        (route,) = shortest_routes(tree, start, goal)
        if len(route) - 1 in LENGTHS:
            return make(set(PASSAGES) - tree, route)
