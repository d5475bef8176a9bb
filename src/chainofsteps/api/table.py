"""The results of the probes: a tidy DataFrame that carries its tensors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd
from torch import Tensor


class Table(pd.DataFrame):
    """A tidy DataFrame with the tensors behind its rows.

    tensors: by the words of the column `name`. A selection, a merge or a copy of a Table is a plain DataFrame: take
    the tensors from the Table itself.
    """

    _metadata: ClassVar[list[str]] = ["tensors"]  # pandas sets an attribute of this name, and makes no column of it
    tensors: Mapping[str, Tensor]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], tensors: Mapping[str, Tensor]) -> "Table":
        """A Table of rows. Whole numbers that may be missing (steps, frames, layers, seeds) become Int64."""
        frame = pd.DataFrame(list(rows), columns=list(columns))
        missing = [name for name in frame.columns if name in WHOLE and frame[name].isna().any()]
        table = cls(frame.astype(dict.fromkeys(missing, "Int64")))
        table.tensors = dict(tensors)
        return table


WHOLE = ("frame", "layer", "noise_seed", "seed", "later_step")
