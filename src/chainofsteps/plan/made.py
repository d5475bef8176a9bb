"""What a run has made, for its end: figures with what each shows, tables, verdicts, the report."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..files import read_json

VERDICTS = {"holds": "hold", "does not hold": "do not hold", "not decided by these data": "are not decided"}


def made_since(began: float, folder: str | Path = ".") -> list[str]:
    """Lines that name every figure, table, claim and report below `folder` that is of time `began` (seconds) or later.

    Figures come in their order, each with the first line of its summary; of claims it is said how many hold.
    """
    root = Path(folder)
    return [
        *_figures(root, began),
        *_listed("tables", _since(root, ("tables/*.csv", "results/*/tables/*.csv"), began)),
        *_claims(root, began),
        *_listed("report", _since(root, ("report.zip",), began)),
    ]


def _since(root: Path, patterns: tuple[str, ...], began: float) -> list[str]:
    """Files of this run, as seen from the root, fig2 before fig10."""
    found = [path for pattern in patterns for path in root.glob(pattern) if path.stat().st_mtime >= began]
    return sorted((path.relative_to(root).as_posix() for path in found), key=_in_order)


def _in_order(name: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _figures(root: Path, began: float) -> Iterator[str]:
    for summary in _since(root, ("figures/*.txt",), began):
        stem = summary.removesuffix(".txt")
        files = sorted(path.relative_to(root).as_posix() for path in root.glob(f"{stem}[._]*"))
        shown = (root / summary).read_text(encoding="utf-8").partition("\n")[0]
        yield from (f"{', '.join(files)}", f"  {shown}")


def _listed(what: str, files: list[str]) -> list[str]:
    return [f"{what}: {', '.join(files)}"] if files else []


def _claims(root: Path, began: float) -> list[str]:
    files = _since(root, ("claims/claims.*",), began)
    if "claims/claims.json" not in files:
        return _listed("claims", files)
    rows = read_json(root / "claims/claims.json")
    of_paper = Counter(row["verdict"] for row in rows if row["id"].startswith("C"))
    own = Counter(row["verdict"] for row in rows if not row["id"].startswith("C"))
    counts = [
        f"of {whose} {_counted(verdicts)}"
        for whose, verdicts in (("the paper", of_paper), ("our own", own))
        if verdicts
    ]
    return [f"claims: {', '.join(files)}: {'; '.join(counts)}"]


def _counted(verdicts: Counter) -> str:
    return ", ".join(f"{verdicts[said]} {words}" for said, words in VERDICTS.items() if verdicts[said])
