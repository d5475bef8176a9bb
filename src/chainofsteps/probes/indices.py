"""Steps, layers and frames as the configuration names them: whole numbers, or words that follow the model.

`all` · `first`, `middle`, `last` · a fraction such as 0.5 · `{every: 4}` · `{below: 0.25}` · `{above: 0.25, below:
0.75}`. Of 20 steps, `middle` and 0.5 are step 10, `{below: 0.25}` is steps 0 to 4, and with `above: 0.1` it is steps 2
to 4: a fraction of the count is rounded down, and the index that it gives is the first one.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..errors import InputError

WORDS = ("first", "middle", "last")
Index = int | float | str
Indices = str | Sequence[Index] | Mapping[str, int | float]


def resolve(value: Indices, count: int) -> list[int]:
    """The whole numbers that a value stands for among `count` indices: in its order, each once.

    Whole numbers stay as they are, in range or not: `indices` refuses those that are not.
    """
    if value == "all":
        return list(range(count))
    if isinstance(value, Mapping):
        if "every" in value:
            return list(range(0, count, value["every"]))
        first = _share(value.get("above") or 0.0, count)
        return list(range(first, max(first + 1, _share(value["below"], count))))
    return list(dict.fromkeys(resolve_one(index, count) for index in value))


def resolve_one(index: Index, count: int) -> int:
    """The whole number that a word, a fraction or a whole number stands for among `count` indices."""
    if isinstance(index, str):
        return {"first": 0, "middle": count // 2, "last": count - 1}[index]
    return _share(index, count) if isinstance(index, float) else index


def _share(fraction: float, count: int) -> int:
    return int(Fraction(str(fraction)) * count)  # of 0.15 and 20 it is 3, whatever binary numbers make of 0.15


def indices(key: str, value: Indices, count: int) -> list[int]:
    """The whole numbers that a configuration key stands for: in order, each once, each within 0..count-1.

    `key` is such as "noise.steps"; its last word names the unit in the InputError for an index out of range.
    """
    unit, numbers = key.rpartition(".")[2].removesuffix("s"), resolve(value, count)
    for index in numbers:
        if not 0 <= index < count:
            raise InputError(f"{key}: {unit} {index} is out of range; this model has {unit}s 0 to {count - 1}")
    return sorted(numbers)
