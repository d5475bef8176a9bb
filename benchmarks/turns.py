"""Sides that take turns, in changing order, so that what slows the machine slows all of them alike."""

import statistics
import time
from collections.abc import Callable

from chainofsteps.store.progress import progress


def medians(what: str, sides: dict[str, Callable[[], object]], turns: int, warm: bool) -> dict[str, float]:
    """Median seconds of each side over `turns` turns of all sides; `warm`: after one that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    with progress(what, turns + warm, "turns") as line:
        for turn in range(turns + warm):
            for name in sides if turn % 2 else reversed(sides):
                began = time.perf_counter()
                sides[name]()
                seconds[name].append(time.perf_counter() - began)
            line.update()
    return {name: statistics.median(of_side[warm:]) for name, of_side in seconds.items()}
