"""The one error that bad input raises, and how a script reports it."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(Exception):
    """Bad input. Its message is one line that names the thing and the mend."""


@contextmanager
def reported(log_path: str | Path | None = None) -> Iterator[None]:
    """Run a script's body: an InputError becomes one line in the log and on stderr, and exit status 1.

    Ctrl-C is a line in the log alone, and exit status 130. Any other exception goes on with its traceback, which the
    log keeps too. The log file is begun anew. What the package's logger is told, at level INFO and above, goes to both
    as well.
    """
    if log_path is not None:
        Path(log_path).parent.mkdir(parents=True, exist_ok=True)
        Path(log_path).write_text("", encoding="utf-8")
    try:
        with _logged(log_path):
            yield
    except InputError as error:
        line = f"error: {' '.join(str(error).split())}\n"
        sys.stderr.write(line)  # first, since the log may lie on the disk that is full
        _append(log_path, line)
        raise SystemExit(1) from None
    except KeyboardInterrupt:  # Ctrl-C reaches the job too; its driver says so
        _append(log_path, "stopped; the same command goes on where it was\n")
        raise SystemExit(130) from None
    except Exception:
        _append(log_path, traceback.format_exc())
        raise


@contextmanager
def _logged(log_path: str | Path | None) -> Iterator[None]:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if log_path is not None:
        handlers.append(logging.FileHandler(log_path, delay=True, encoding="utf-8"))
    logger = logging.getLogger(__package__)
    level = logger.level
    logger.setLevel(logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _append(log_path: str | Path | None, text: str) -> None:
    if log_path is not None:
        with open(log_path, "a", encoding="utf-8") as log:
            log.write(text)
