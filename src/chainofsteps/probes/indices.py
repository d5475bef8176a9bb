"""Indices that a configuration key asks for: every one there is, or a list."""

from collections.abc import Sequence

from ..errors import InputError


def indices(key: str, value: str | Sequence[int], count: int) -> list[int]:
    """The indices that a configuration key asks for: "all" or a list, each within 0..count-1, in order, each
    once.

    `key` is such as "noise.steps"; its last word names the unit in the error.
    """
    if value == "all":
        return list(range(count))
    unit = key.rpartition(".")[2].removesuffix("s")
    for index in value:
        if not 0 <= index < count:
            raise InputError(f"{key}: {unit} {index} is out of range; this model has {unit}s 0 to {count - 1}")
    return sorted(set(value))
