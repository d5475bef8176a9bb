"""The verdicts as a page: claims/claims.md."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from . import bounds_of

GROUPS = {
    "C": ("The paper's claims", "An L marks a claim that is read in the latents of x0_pred and not in its pixels."),
    "E": ("Choice or search", "Claims of our own, against the ideal denoiser; docs/choice_or_search.md derives them."),
}


def markdown(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], level: float) -> str:
    """The claims as a page: tables of verdicts, then how each was decided. level: of the intervals."""
    lines = [
        f"# The claims, measured on the model {rows[0]['model']}",
        "",
        "Verdicts are for this model and its cases, by rules that were written down before the numbers; the last part "
        f"says what was changed later, and why. Where the model scores less than {schema['needs']:g} undisturbed, "
        "nothing is decided.",
    ]
    for letter, (title, words) in GROUPS.items():
        of_group = [row for row in rows if row["id"].startswith(letter)]
        lines += ["", f"## {title}", "", words, "", *_table(of_group, level)] if of_group else []
    lines += ["", "## How each is decided", ""]
    for row in rows:
        lines += [_how(row, schema["claims"][row["id"]]), ""]
    changed = [row for row in rows if row["earlier"] is not None or row["added"] is not None]
    if changed:
        lines += ["## What was changed or added after a first run", ""]
        for row in changed:
            lines += [_changed(row, schema["claims"][row["id"]]), ""]
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, Any]], level: float) -> list[str]:
    lines = [
        f"| | claim | estimate [{level:.0%} interval] | null | cases, seeds | undisturbed score | verdict | figure |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        null, clean = ("" if value is None else f"{value:.2f}" for value in (row["null"]["estimate"], row["clean"]))
        said = f"**{row['verdict']}**" + (f" ({row['why']})" if row["why"] else "")
        cells = [row["id"], row["claim"], _estimate(row), null, f"{row['n']}, {row['seeds']}", clean, said]
        cells.append(f"[{row['figure']}](../{row['figure']})")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _how(row: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    least, most = bounds_of(definition["rule"])
    rule = f"between {least:g} and {most:g}" if math.isfinite(least + most) else f"above {least:g}"
    rule = f"below {most:g}" if math.isinf(least) else rule
    beside = "".join(f" And {each['what']}: {_estimate(each)}, {each['verdict']}." for each in row["beside"])
    return f"**{row['id']}** {row['statistic']}. Holds {rule}. Null: {row['null']['what']}.{beside}"


def _changed(row: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    if row["earlier"] is None:
        return f"**{row['id']}** Added on {row['added']}. {definition['added']['why']}"
    then, what = row["earlier"], definition["changed"]
    return (
        f"**{row['id']}** Changed on {what['date']}. {what['why']} Before: {_estimate(then)}, {then['verdict']}. "
        f"Now: {_estimate(row)}, {row['verdict']}."
    )


def _estimate(row: Mapping[str, Any]) -> str:
    if row["estimate"] is None:
        return "not measured"
    low, high = row["interval"]
    return f"{row['estimate']:.2f}" + (" (no interval)" if low is None else f" [{low:.2f}, {high:.2f}]")
