"""The line that says how far a job is."""

import sys
import time

from tqdm import tqdm


class Progress:
    """Whole lines on stderr with an estimate of the time left; `update(n)` moves it on, `with` ends it.

    Lines that renew themselves would be drawn over by those of the job beside, and run together in a file.
    """

    def __init__(self, title: str, total: float, unit: str, every: float) -> None:
        self.title, self.total, self.unit, self.every = title, total, unit, every
        self.done = 0.0
        self.began = self.shown = time.monotonic()

    def update(self, n: float = 1) -> None:
        self.done += n
        if time.monotonic() - self.shown >= self.every:
            self._show()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_error) -> None:
        if self.total:
            self._show()

    def _show(self) -> None:
        self.shown = time.monotonic()
        text = tqdm.format_meter(
            self.done,
            self.total,
            self.shown - self.began,
            prefix=self.title,
            unit=self.unit,
            bar_format="{desc}: {percentage:3.0f}% of {total_fmt} {unit}, {elapsed} so far, {remaining} left",
        )
        print(text, file=sys.stderr, flush=True)


def progress(title: str, total: float, unit: str) -> Progress:
    """The progress of a job: a line about every ten seconds on a terminal, every minute in a log."""
    return Progress(title, total, unit, every=10 if sys.stderr.isatty() else 60)
