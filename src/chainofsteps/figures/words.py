"""What titles, captions and summaries write alike: values with intervals, lists, and the parts of a caption."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

NAMED = 3  # so many names a title gives, and counts more


def with_interval(value: float, low: float, high: float, places: int = 2) -> str:
    """0.62 [0.50, 0.74]; the value alone where low is NaN, for want of cases."""
    return f"{value:.{places}f}" + ("" if pd.isna(low) else f" [{low:.{places}f}, {high:.{places}f}]")


def listed(values: Iterable[Any]) -> str:
    """ "1, 2, 4", each once and in the order given."""
    return ", ".join(map(str, dict.fromkeys(values)))


def plural(count: int, noun: str) -> str:
    """ "1 case", "2 cases"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shared(verdicts: Mapping[str, str], words: Mapping[str, str], noun: str) -> str:
    """The count of each verdict: "held in 2 of 3 puzzles (a, b), not decided in 1 (c)".

    verdicts: the verdict of each thing, by its name. words: what is said of a verdict, in this order; one that was not
    found is left out. noun: of the things, in the singular. Up to NAMED things are named, and not where it is all.
    """
    total, said = len(verdicts), []
    for verdict, says in words.items():
        names = [name for name, found in verdicts.items() if found == verdict]
        if names:
            of = "" if said else f" of {plural(total, noun)}"
            said.append(
                f"{says} in {len(names)}{of}"
                + (f" ({listed(names)})" if len(names) <= NAMED and len(names) < total else "")
            )
    return ", ".join(said)


def of_models(names: str) -> str:
    """ "Model a", "Models a, b"."""
    return f"Model{'s' if ', ' in names else ''} {names}"


def side(low: float, high: float) -> str:
    """The side of 0 that an interval lies on: "more", "less", or "open" where it holds 0 or there is none."""
    return "more" if low > 0 else "less" if high < 0 else "open"


def caption(figure: str, model: str, finding: str, read: Iterable[str], counted: Iterable[str]) -> str:
    """A caption in reStructuredText, three paragraphs: the finding, how to read it, and what it is counted over.

    figure: such as "Figure 1". read, counted: sentences; the latter say n, seeds, interval, null and floor.
    """
    parts = (
        f"{figure}. {of_models(model)}. {finding[:1].upper()}{finding[1:]}",
        f"How to read it. {' '.join(filter(None, read))}",
        f"Counted over. {' '.join(filter(None, counted))}",
    )
    return "\n\n".join(parts) + "\n"
