"""Two runs that want the same at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor


class Slow:
    """Work that waits until it is let go on, and counts how often it was begun."""

    def __init__(self, work):
        self.work, self.begun, self.released = work, 0, threading.Event()

    def __call__(self, *given):
        self.begun += 1
        assert self.released.wait(60)
        return self.work(*given)

    def while_it_works(self, function):
        """What two calls of a function that needs this work give, the second begun while the first is at it."""
        with ThreadPoolExecutor() as pool:
            calls = [pool.submit(function)]
            while not self.begun:
                time.sleep(0.02)
            calls.append(pool.submit(function))
            time.sleep(0.2)  # time for the second to begin, if it does
            self.released.set()
        return [call.result() for call in calls]
