"""Steps, layers, frames and words as a notebook's user writes them: one, several, or "all"."""

from collections.abc import Sequence
from typing import Any

Indices = int | Sequence[int] | str


def listed(value: Any) -> Any:
    """A list of one index or word; a list, and the word "all", stay as they are."""
    return [value] if isinstance(value, int) or (isinstance(value, str) and value != "all") else value
