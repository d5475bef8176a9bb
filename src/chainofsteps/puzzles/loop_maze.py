"""A maze with two to four equally short routes: every one is right, and one has to be chosen."""

import numpy as np

from .canvas import Puzzle
from .maze import PASSAGES, ROOMS, make, score, shortest_routes

__all__ = ["KIND", "generate", "score"]

KIND = "multi"
LENGTHS = range(4, 7)
ROUTES = range(2, 5)
WALLS = range(5, 10)  # few enough for loops, enough to rule out most routes


def generate(seed: int) -> Puzzle:
    """Random walls, start and goal with 2 to 4 shortest routes of 4 to 6 passages; the true video takes any of them."""
    rng = np.random.default_rng(seed)
    while True:
        walls = {PASSAGES[i] for i in rng.choice(len(PASSAGES), rng.choice(WALLS), replace=False)}
        start, goal = (ROOMS[i] for i in rng.choice(len(ROOMS), 2, replace=False))
        routes = shortest_routes(set(PASSAGES) - walls, start, goal)
        if routes and len(routes) in ROUTES and len(routes[0]) - 1 in LENGTHS:
            return make(walls, routes[rng.integers(len(routes))])
