"""The paper's claims, and our own, as measured verdicts.

What decides each claim stands in workflow/schemas/claims.schema.yaml, written before any number was there. The modules
beside this one measure the statistics from the tables of a run; none of them knows which verdict is wanted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from ..errors import InputError

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided by these data"


@dataclass(frozen=True)
class Measured:
    """A statistic over n cases: estimate, its interval (nan: none), and the same of the null (None: a constant).

    clean: score in [0, 1] of the undisturbed runs that it is of; None where it takes no skill to measure it. fewest:
    cases of the puzzle that has fewest; None where they are not told apart. earlier: the same as it was measured before
    the schema's `changed`; None if it was measured alike. beside: what else must hold, by the names that the schema's
    `beside` has. why: of one that is not measured, what it would need. by_scores: it is read in scores of videos, and
    not in answers that are listed; the schema's `by_scores` says how.
    """

    n: int
    seeds: int
    estimate: float
    low: float
    high: float
    null: float | None = None
    clean: float | None = None
    fewest: int | None = None
    earlier: "Measured | None" = None
    beside: Mapping[str, "Measured"] = field(default_factory=dict)
    why: str | None = None
    by_scores: bool = False


UNMEASURED = Measured(0, 0, math.nan, math.nan, math.nan)  # the configuration has nothing to measure it on


def bounds_of(rule: Mapping[str, Any]) -> tuple[float, float]:
    """Where a statistic must lie for a claim to hold. Raises InputError for a rule that is none."""
    match dict(rule):
        case {"above": least, **rest} if not rest:
            return least, math.inf
        case {"below": most, **rest} if not rest:
            return -math.inf, most
        case {"between": [least, most], **rest} if not rest:
            return least, most
    raise InputError(f"claims schema: a rule is `above: x`, `below: x` or `between: [a, b]`, not {dict(rule)}")


def verdict(low: float, high: float, rule: Mapping[str, Any]) -> str:
    """The verdict on an interval by a rule of the schema. Raises InputError for a rule that is none."""
    (least, most), closed = bounds_of(rule), "between" in rule
    if math.isnan(low) or math.isnan(high):
        return OPEN
    if (least <= low and high <= most) if closed else (least < low and high < most):
        return HOLDS
    outside = (high < least or low > most) if closed else (high <= least or low >= most)
    return FAILS if outside else OPEN


def cases_to_decide(found: Measured, rule: Mapping[str, Any]) -> int | None:
    """About how many cases would decide, if the estimate stays and the interval narrows with the root of n.

    None where the interval decides, where there is none, and where the estimate lies on the bound.
    """
    if verdict(found.low, found.high, rule) != OPEN or math.isnan(found.low):
        return None
    reached = [bound for bound in bounds_of(rule) if found.low <= bound <= found.high]
    factors = [
        ((found.high - found.estimate) if bound > found.estimate else (found.estimate - found.low))
        / abs(bound - found.estimate)
        for bound in reached
        if bound != found.estimate
    ]
    return math.ceil(found.n * max(factors) ** 2) if factors else None


def undecided(found: Measured, definition: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    """Why the data cannot decide a claim whatever its interval says; None if they can.

    What fails undisturbed can neither be disturbed nor found early; what is always right has no room for a gain; few
    cases that agree make a narrow interval and no evidence.
    """
    if found.n == 0:
        return "not measured" + (f": {found.why}" if found.why else "")
    if found.clean is not None and not found.clean >= schema["needs"]:
        return f"the undisturbed score is {found.clean:.2f}, {schema['needs']:g} is needed"
    headroom = definition.get("headroom")
    if headroom is not None and found.clean is not None and 1 - found.clean < headroom:
        return f"no headroom: the undisturbed score is {found.clean:.2f}"
    least = definition.get("least", schema["least"])
    number = found.n if found.fewest is None or "least" not in definition else found.fewest
    if number < least:
        return f"n = {number}, {least} are needed" + (" of each puzzle" if number != found.n else "")
    return None


def decide(found: Measured, definition: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """The verdict and, where there is none, why."""
    why = undecided(found, definition, schema)
    if why is not None:
        return OPEN, why
    said = verdict(found.low, found.high, definition["rule"])
    beside = _beside(found, definition)
    if FAILS in beside and said != FAILS:
        return FAILS, beside[FAILS]
    if said != OPEN:
        return (OPEN, beside[OPEN]) if said == HOLDS and OPEN in beside else (said, None)
    if math.isnan(found.low):
        return OPEN, "no interval"
    cases = cases_to_decide(found, definition["rule"])
    return OPEN, "the interval reaches over the bound" + (f"; about {cases} cases would decide" if cases else "")


def _beside(found: Measured, definition: Mapping[str, Any]) -> dict[str, str]:
    """Of each verdict on what must hold as well, the reason that it gives: the claim holds if all do, and fails if one
    does."""
    said = {name: verdict(other.low, other.high, definition["rule"]) for name, other in found.beside.items()}
    return {word: f"{definition['beside'][name]}: {word}" for name, word in said.items()}


def before_the_change(found: Measured, definition: Mapping[str, Any], schema: Mapping[str, Any]) -> dict | None:
    """What was said until the schema's `changed`: estimate, interval and verdict by the rule of then; None if nothing
    changed, and for what is read in scores, of which nothing was said before."""
    if "changed" not in definition or found.by_scores:
        return None
    then = found.earlier or found
    unable = then.clean is not None and not then.clean >= schema["needs"]
    said = OPEN if unable else verdict(then.low, then.high, definition["changed"].get("rule", definition["rule"]))
    return {"estimate": number(then.estimate), "interval": [number(then.low), number(then.high)], "verdict": said}


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
        said, why = decide(found, definition, schema)
        rows.append(
            {
                "id": name,
                "claim": definition["claim"],
                "statistic": definition["by_scores" if found.by_scores else "statistic"],
                "model": model,
                "n": found.n,
                "seeds": found.seeds,
                "estimate": number(found.estimate),
                "interval": [number(found.low), number(found.high)],
                "null": {"what": definition["null"], "estimate": number(found.null)},
                "clean": number(found.clean),
                "verdict": said,
                "why": why,
                "beside": [
                    {
                        "what": definition["beside"][key],
                        "estimate": number(other.estimate),
                        "interval": [number(other.low), number(other.high)],
                        "verdict": verdict(other.low, other.high, definition["rule"]),
                    }
                    for key, other in found.beside.items()
                ],
                "earlier": before_the_change(found, definition, schema),
                "added": definition.get("added", {}).get("date"),
                "figure": definition["figure"],
            }
        )
    jsonschema.validate(rows, {key: schema[key] for key in ("type", "items")})
    return rows
