"""A maze with two to four equally short routes: every one is right, and one has to be chosen."""

import numpy as np

from .canvas import CELLS, Puzzle
from .maze import CATEGORY, PROMPTS, answers, difficulty, make, masses, passages_in, rooms_of, score, shortest_routes

__all__ = ["CATEGORY", "KIND", "PROMPTS", "answers", "difficulty", "generate", "masses", "score"]

KIND = "multi"
ROUTES = range(2, 5)


def generate(seed: int) -> Puzzle:
    """Random walls, start and goal with 2 to 4 shortest routes of 4 to 6 passages; the true video takes any of them."""
    # walls: few enough for loops, enough to rule out most routes
    return generate_on(CELLS, seed, lengths=range(4, 7), walls=range(5, 10))


def generate_on(size: int, seed: int, lengths: range, walls: range) -> Puzzle:
    """The same on a board of size x size, the number of walls and the length of the routes drawn from ranges."""
    rng = np.random.default_rng(seed)
    rooms, passages = rooms_of(size), passages_in(size)
    while True:
        chosen = {passages[i] for i in rng.choice(len(passages), rng.choice(walls), replace=False)}
        start, goal = (rooms[i] for i in rng.choice(len(rooms), 2, replace=False))
        routes = shortest_routes(set(passages) - chosen, start, goal)
        if routes and len(routes) in ROUTES and len(routes[0]) - 1 in lengths:
            route = routes[rng.integers(len(routes))]
            return make(chosen, route, size, str(rng.choice(PROMPTS)))
