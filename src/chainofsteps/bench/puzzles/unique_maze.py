"""A maze with one route only: the control, whose answer leaves nothing to choose."""

import numpy as np

from .canvas import CELLS, Puzzle
from .maze import (
    CATEGORY,
    PROMPTS,
    Passage,
    answers,
    difficulty,
    make,
    masses,
    passages_in,
    rooms_of,
    score,
    shortest_routes,
)

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "unique"


def _tree(rng: np.random.Generator, size: int) -> set[Passage]:
    """A random spanning tree of the rooms: between any two rooms there is exactly one route."""
    passages = passages_in(size)
    group = {room: room for room in rooms_of(size)}

    def root(room):
        while group[room] != room:
            room = group[room]
        return room

    tree = set()
    for index in rng.permutation(len(passages)):
        a, b = passages[index]
        if root(a) != root(b):
            group[root(a)] = root(b)
            tree.add((a, b))
    return tree


def generate(seed: int) -> Puzzle:
    """A maze of which every two rooms are joined by one route; the route to the goal has 4 to 8 passages."""
    return generate_on(CELLS, seed, lengths=range(4, 9))


def generate_on(size: int, seed: int, lengths: range) -> Puzzle:
    """The same on a board of size x size, the length of the route drawn from a range."""
    rng = np.random.default_rng(seed)
    rooms = rooms_of(size)
    while True:
        tree = _tree(rng, size)
        start, goal = (rooms[i] for i in rng.choice(len(rooms), 2, replace=False))
        (route,) = shortest_routes(tree, start, goal)
        if len(route) - 1 in lengths:
            return make(set(passages_in(size)) - tree, route, size, str(rng.choice(PROMPTS)))
