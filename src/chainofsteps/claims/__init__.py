"""The paper's claims as measured verdicts.

What decides each claim stands in workflow/schemas/claims.schema.yaml, written before any number was there. The modules
beside this one measure the statistics from the tables of a run; none of them knows which verdict is wanted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema

from ..errors import InputError

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided by these data"


@dataclass(frozen=True)
class Measured:
    """A statistic over n cases: estimate, its interval (nan: none), and the same of the null (None: a constant).

    clean: score in [0, 1] of the undisturbed runs that it is of; None where it takes no skill to measure it.
    """

    n: int
    seeds: int
    estimate: float
    low: float
    high: float
    null: float | None = None
    clean: float | None = None


UNMEASURED = Measured(0, 0, math.nan, math.nan, math.nan)  # the configuration has nothing to measure it on


def verdict(low: float, high: float, rule: Mapping[str, Any]) -> str:
    """The verdict on an interval by a rule of the schema. Raises InputError for a rule that is none."""
    if math.isnan(low) or math.isnan(high):
        return OPEN
    if set(rule) == {"above"}:
        return HOLDS if low > rule["above"] else FAILS if high <= rule["above"] else OPEN
    if set(rule) == {"between"}:
        least, most = rule["between"]
        return HOLDS if least <= low and high <= most else FAILS if high < least or low > most else OPEN
    raise InputError(f"claims schema: a rule is `above: x` or `between: [a, b]`, not {dict(rule)}")


def number(value: float | None) -> float | None:
    """A value as JSON has it: four places, null for what there is not."""
    return None if value is None or math.isnan(value) else round(float(value), 4)


def judge(measured: Mapping[str, Measured], schema: Mapping[str, Any], model: str) -> list[dict[str, Any]]:
    """One row per claim of the schema, in its order, valid by it. Raises InputError if a claim was not measured."""
    missing = [name for name in schema["claims"] if name not in measured]
    if missing:
        raise InputError(f"claims: {', '.join(missing)} was not measured")
    rows = []
    for name, definition in schema["claims"].items():
        found = measured[name]
        # what fails undisturbed decides nothing
        unable = found.clean is not None and not found.clean >= schema["needs"]
        rows.append(
            {
                "id": name,
                "claim": definition["claim"],
                "statistic": definition["statistic"],
                "model": model,
                "n": found.n,
                "seeds": found.seeds,
                "estimate": number(found.estimate),
                "interval": [number(found.low), number(found.high)],
                "null": {"what": definition["null"], "estimate": number(found.null)},
                "clean": number(found.clean),
                "verdict": OPEN if unable else verdict(found.low, found.high, definition["rule"]),
                "figure": definition["figure"],
            }
        )
    jsonschema.validate(rows, {key: schema[key] for key in ("type", "items")})
    return rows


def markdown(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], level: float) -> str:
    """The claims as a page: a table of verdicts, then how each was decided. level: of the intervals."""
    model = rows[0]["model"]
    lines = [
        f"# The paper's claims, measured on the model {model}",
        "",
        "Verdicts are for this model and its cases, by rules that were written down before the numbers (C2 and C3 were "
        "corrected after a first run; the schema says what was wrong). Where it scores less than "
        f"{schema['needs']:g} undisturbed, nothing is decided.",
        "",
        f"| | claim | estimate [{level:.0%} interval] | null | cases, seeds | undisturbed score | verdict | figure |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        null, clean = ("" if value is None else f"{value:.2f}" for value in (row["null"]["estimate"], row["clean"]))
        cells = [row["id"], row["claim"], _interval(row), null, f"{row['n']}, {row['seeds']}", clean]
        cells += [f"**{row['verdict']}**", f"[{row['figure']}](../{row['figure']})"]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## How each is decided", ""]
    for row in rows:
        ((kind, limit),) = schema["claims"][row["id"]]["rule"].items()
        rule = f"above {limit:g}" if kind == "above" else f"between {limit[0]:g} and {limit[1]:g}"
        lines += [f"**{row['id']}** {row['statistic']}. Holds {rule}. Null: {row['null']['what']}.", ""]
    return "\n".join(lines)


def _interval(row: Mapping[str, Any]) -> str:
    if row["estimate"] is None:
        return "not measured"
    low, high = row["interval"]
    return f"{row['estimate']:.2f}" + (" (no interval)" if low is None else f" [{low:.2f}, {high:.2f}]")
