"""Results as they lie, held against their manifests and against the configuration. Nothing is made or changed.

Broken is what is not as its manifest lists it; stale is what is whole, but would now come out otherwise.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import InputError
from ..files import sha256
from ..store.progress import progress
from .problems import BROKEN, Configured, Listed, Problem, Report
from .verify_manifests import cases, model, shard
from .verify_tables import drawn, joined, made


def checked(results: str | Path, configured: Configured, log: str | Path) -> None:
    """Verify with a progress line, and write what comes of it to the log: a line for each problem, and the count.

    Raises InputError if something is broken; then the lines are on stderr too.
    """
    report = verify(results, configured, _watched)
    lines = "".join(f"{entry}\n" for entry in (*report.problems, report))
    Path(log).write_text(lines, encoding="utf-8")
    if report.broken:
        sys.stderr.write(lines)
        raise InputError("not all results are as their manifests list them; each line above says what to do")


def _watched(files: list[Listed]) -> Iterator[Listed]:
    with progress("verify", len(files), "files") as shown:
        for listed in files:
            yield listed
            shown.update()


def verify(
    results: str | Path,
    configured: Configured,
    watched: Callable[[list[Listed]], Iterable[Listed]] = iter,
) -> Report:
    """Check everything under a `results` folder, and the tables and figures that `configured` names, as far as they
    are there. watched: what the files are taken through while they are read, such as a progress line.
    """
    surveyed = list(survey(Path(results), configured))
    files = [entry for entry in surveyed if isinstance(entry, Listed)]
    problems = [entry for entry in surveyed if isinstance(entry, Problem)]
    for listed in watched(files):
        problems += check(listed)
    return Report(sorted(problems, key=str), len(files))


def survey(results: Path, configured: Configured) -> Iterator[Listed | Problem]:
    """Every file that a manifest lists, and what is wrong with the manifests themselves, tables and figures."""
    for read, pattern in ((model, "model/*.json"), (cases, "cases/*/*.json"), (shard, "*/*/*/*.json")):
        for path in sorted(results.glob(pattern)):
            yield from _guarded(path, read(path, configured))
    for table, parts in configured.joined.items():
        yield from _guarded(table, joined(Path(table), list(map(Path, parts))))
    for table, sources in configured.made.items():
        yield from _guarded(table, made(Path(table), list(map(Path, sources))))
    for figure in configured.figures:
        yield from _guarded(figure, drawn(Path(figure), configured.model))


def _guarded(path: str | Path, surveyed: Iterator[Listed | Problem]) -> Iterator[Listed | Problem]:
    try:
        yield from surveyed
    except InputError as error:
        yield Problem(BROKEN, str(error))
    except (AttributeError, KeyError, TypeError):  # JSON, but with other keys or values than were written
        yield Problem(BROKEN, f"{path} is not a manifest; delete it and run again to make it")


def check(listed: Listed) -> Iterator[Problem]:
    """A problem, unless the file is there with the bytes that its manifest lists."""
    path, manifest = listed.path, listed.manifest
    anew = f"restore it, or delete {manifest} and run again to take what is there" if listed.given else ""
    if not path.exists():
        yield Problem(BROKEN, f"{path} is missing; {anew or f'delete {manifest} and run again to make it'}")
        return
    try:
        digest = sha256(path)
    except InputError as error:
        yield Problem(BROKEN, str(error))
        return
    if digest != listed.sha256:
        words = f"{path} differs from what {manifest} lists (sha256)"
        yield Problem(BROKEN, f"{words}; {anew or 'delete both and run again'}")
