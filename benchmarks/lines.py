"""The lines of results.json, and the table of them."""

import json
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One line of results.json. goal: the most it should be, None for a figure without one."""

    name: str
    value: float
    unit: str
    goal: float | None
    detail: str


def said(result: Result, more: str) -> Result:
    """With more detail."""
    return replace(result, detail=f"{result.detail}; {more}")


def kept(path: Path, results: list[Result]) -> list[dict]:
    """What an earlier run wrote of the parts that this one did not measure."""
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [record for record in earlier if record["name"] not in {result.name for result in results}]


def table(results: list[Result]) -> str:
    """For a reader: value, goal and whether it is met."""
    lines = [f"{'':<46}{'value':>14}{'goal':>8}"]
    for result in results:
        values = {"bytes": f"{result.value:,.0f} B", "seconds": f"{result.value:.2f} s"}
        value = values.get(result.unit, f"{result.value:.3f}")
        goal = "" if result.goal is None else f"{result.goal:g}"
        met = "" if result.goal is None else ("  met" if result.value <= result.goal else "  missed")
        lines.append(f"{result.name:<46}{value:>14}{goal:>8}{met}")
    return "\n".join(lines)
