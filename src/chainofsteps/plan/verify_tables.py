"""Tables and figures, held against what they were made from."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..files import read_bytes, sha256
from ..store.provenance import identity_in
from .problems import BROKEN, STALE, Problem, stale


def joined(table: Path, parts: Sequence[Path]) -> Iterator[Problem]:
    """A table that holds the lines of others, as they stand."""
    if not table.exists():
        return
    absent = [part for part in parts if not part.exists()]
    if absent:
        yield stale(table, [f"{absent[0]}, which it is made from, is not there"])
        return
    content = read_bytes(table)
    header, _, _ = content.partition(b"\n")
    rows = {part: read_bytes(part).partition(b"\n") for part in parts}
    other = [part for part, (first, _, block) in rows.items() if first != header or block not in content]
    if other and table.stat().st_mtime < other[0].stat().st_mtime:
        yield stale(table, [f"older than {other[0]}"])
    elif other:
        yield Problem(BROKEN, f"{table} does not hold the rows of {other[0]} as they stand; delete it and run again")
    elif len(content) != len(header) + 1 + sum(len(block) for _, _, block in rows.values()):
        yield stale(table, ["it holds rows of other shards too"])


def made(table: Path, sources: Sequence[Path]) -> Iterator[Problem]:
    """A table that is computed from others: all that can be told is which is newer."""
    for source in sources if table.exists() else []:
        if not source.exists():
            yield stale(table, [f"{source}, which it is made from, is not there"])
            return
        if table.stat().st_mtime < source.stat().st_mtime:
            yield Problem(STALE, f"{table}: older than {source}; `snakemake --force -- {table}` makes it anew")
            return


def drawn(figure: Path, model: str) -> Iterator[Problem]:
    """A figure, by what its metadata says that it was drawn from."""
    if not figure.exists():
        return
    told, reasons = identity_in(figure), []
    if told["model"] != model:
        reasons.append(f"drawn for {told['model']}, not {model}")
    for path, digest in told["drawn_from"].items():
        if not Path(path).exists():
            reasons.append(f"{path}, which it is drawn from, is not there")
        elif sha256(path) != digest:
            reasons.append(f"drawn from another {path}")
    if reasons:
        yield Problem(STALE, f"{figure}: {'; '.join(reasons)}; `snakemake --force -- {figure}` makes it anew")
