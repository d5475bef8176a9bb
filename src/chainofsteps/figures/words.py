"""What captions and summaries write alike: values with intervals, and lists."""

from collections.abc import Iterable
from typing import Any

import pandas as pd


def with_interval(value: float, low: float, high: float, places: int = 2) -> str:
    """0.62 [0.50, 0.74]; the value alone where low is NaN, for want of cases."""
    return f"{value:.{places}f}" + ("" if pd.isna(low) else f" [{low:.{places}f}, {high:.{places}f}]")


def listed(values: Iterable[Any]) -> str:
    """ "1, 2, 4", each once and in the order given."""
    return ", ".join(map(str, dict.fromkeys(values)))
