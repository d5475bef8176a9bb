"""Figure 7 in words: a caption that says what was measured, and what came out, by a fixed rule."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..bench.scorer_check import sentence
from ..probes.ensemble.spec import OF_FINALS, OF_LATENTS
from ..probes.ensemble.table import ANOTHER, CEILING, FLOORS, ORACLE, SINGLE
from .words import caption as in_parts
from .words import with_interval

DIFFERENCES = ("difference", "difference_low", "difference_high")
NAMES = {
    ANOTHER: "another seed without an oracle",
    OF_LATENTS[0]: "a run from the mean of the noises",
    OF_LATENTS[1]: "the same rescaled by the square root of K",
    OF_FINALS: "the mean of the final latents",
    ORACLE: "the best of K by an oracle",
}


def compared(row) -> str:
    """Which side of its interval 0 lies on."""
    if pd.isna(row.difference_low):
        return "one case, so no interval"
    return "higher" if row.difference_low > 0 else "lower" if row.difference_high < 0 else "not told apart"


def number(row, names: tuple[str, str, str] = ("score", "low", "high")) -> str:
    """0.62 [0.50, 0.74]; the value alone where there is no interval."""
    return with_interval(*(getattr(row, name) for name in names), places=3)


def difference(row) -> str:
    """The paired difference to the one run, and what that says."""
    return f"{number(row, DIFFERENCES)}, {compared(row)}"


def named(row) -> str:
    if row.variant != "ensemble":
        return NAMES[row.variant]
    return f"{row.mode} over layers {row.window} (here {row.layers})"


def finding(table: pd.DataFrame) -> str:
    """In a sentence: how many ensembles differ from the one run, over the cases in which a gain can show, or over all
    where none are named; and the best of K by an oracle, which says whether a gain could show."""
    scope = "headroom" if "headroom" in set(table.scope) else "all"
    rows = table[table.scope == scope]
    merged = list(rows[rows.variant == "ensemble"].itertuples())
    says = [compared(row) for row in merged]
    counts = {word: says.count(word) for word in ("higher", "lower")}
    beside = len(merged) - sum(counts.values())
    said = f"of {len(merged)} ensembles {counts['higher']} score higher than the one run, {counts['lower']} lower, "
    said += f"{beside} not told apart"
    over = "cases of puzzles solved now and then" if scope == "headroom" else "cases"
    said += f" ({rows[rows.variant == SINGLE].n.iloc[0]} {over})"
    for oracle in rows[rows.variant == ORACLE].itertuples():
        said += f"; best seed by an oracle {difference(oracle)}"
    return f"{said}."


def summary(table: pd.DataFrame) -> str:
    """One sentence, then a line for each variant: its score, and the difference to the one run. Over all cases, and
    over those in which a gain can show."""
    parts = [_summary(table[table.scope == "all"])]
    if "headroom" in set(table.scope):
        parts.append("Of the puzzles that the model solves now and then alone:\n")
        parts.append(_summary(table[table.scope == "headroom"]))
    return "\n".join(parts)


def _summary(over_all: pd.DataFrame) -> str:
    """The same of the rows of one scope."""
    single = next(over_all[over_all.variant == SINGLE].itertuples())
    merged = list(over_all[over_all.variant == "ensemble"].itertuples())
    says = [compared(row) for row in merged]
    lines = [
        f"Of {len(merged)} ensembles {says.count('higher')} score higher than the one run whose noise they carry, "
        f"{says.count('lower')} lower, and {len(merged) - says.count('higher') - says.count('lower')} are not told "
        f"apart from it (paired by case, {single.n} cases; intervals not corrected for their number).",
        "",
        f"one run, seed {single.seeds}: score {number(single)}.",
    ]
    others = over_all[over_all.variant.isin(list(NAMES))]
    for row in [*merged, *others.itertuples()]:
        lines.append(f"{named(row)}: score {number(row)}, difference {difference(row)}; {row.forwards:.4g} forwards.")
    twins = {row.layers.partition("-")[0] for row in merged if row.mode == "mean"}
    if len(twins) < sum(row.mode == "mean" for row in merged):
        lines.append("Means whose windows begin at one layer are one run: behind the first mean all streams are equal.")
    return "\n".join(lines) + "\n"


def caption(table: pd.DataFrame, params: Mapping[str, Mapping[str, Any]]) -> str:
    """The finding, how to read it, what it is counted over, from the table and the settings; reStructuredText."""
    settings, sampling, statistics = params["ensemble"], params["sampling"], params["statistics"]
    over_all = table[table.scope == "all"].set_index("variant")
    tasks = table[(table.scope == "task") & (table.variant == SINGLE)]
    cases = "; ".join(f"{row.task} {row.n}" for row in tasks.itertuples())
    carried = "the first seed's latents go on" if settings["carry"] == "first" else "the mean of the latents goes on"
    beside = (
        "What another seed does to it is the null. The best of K by an oracle is chosen with the score at hand: a "
        "ceiling, no method."
        if settings["controls"]
        else "The other seeds were not run alone, so there is no null: another seed's difference may be as large."
    )
    levels = ", ".join(
        f"{words} {over_all.loc[name].score:.2f}"
        for name, words in zip((*FLOORS, CEILING), ("first frame repeated", "decoded noise", "true clip"), strict=True)
    )
    read = [
        f"Seeds {', '.join(map(str, settings['seeds']))} merged inside the network at step "
        f"{', '.join(map(str, settings['steps']))} of {sampling['steps']}, guidance scale "
        f"{sampling['guidance_scale']:g}; then one run: {carried} with the merged velocity.",
        f"(a) The two modes; windows are layers of {settings['of_layers']}, scaled to the depth of this model. (b) "
        "Mean score. (c) The paired difference to the one run that is carried.",
        "Grey numbers: forwards of a case, made alone.",
        f"Solved now and then: {', '.join(settings['headroom'])}, where a gain can show." * bool(settings["headroom"]),
    ]
    counted = [
        f"Cases: {cases}. {statistics['level']:.0%} bootstrap intervals ({statistics['resamples']} resamples of cases, "
        "seeds averaged within a case).",
        f"{levels[:1].upper()}{levels[1:]}.",
        sentence(over_all.scorer_check),
        beside,
    ]
    return in_parts("Figure 7", table.model.iloc[0], finding(table), read, counted)
