"""A figure of the workflow, as its script draws it: log, theme, panels to show, and files that name their origin."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ..config.panels import Panel
from ..errors import reported
from ..files import atomic_write
from ..statistics import Interval
from ..store.provenance import identity
from ..tables import write_table
from . import header, style


class Drawing:
    """One figure of the workflow, inside `with Drawing(snakemake) as drawing`.

    Errors go to the job's log, and everything drawn inside has the theme. input, params and output are Snakemake's.
    """

    def __init__(self, snakemake: Any) -> None:
        self.input, self.params, self.output = snakemake.input, snakemake.params, snakemake.output
        self._snakemake, self._inside = snakemake, ExitStack()

    def __enter__(self) -> "Drawing":
        self._inside.enter_context(reported(self._snakemake.log[0]))
        self._inside.enter_context(style.styled())
        return self

    def __exit__(self, *error) -> bool | None:
        return self._inside.__exit__(*error)

    @property
    def model(self) -> str:
        return self._snakemake.config["model"]

    @property
    def interval(self) -> Interval:
        return Interval(**self.params.statistics)

    @cached_property
    def panels(self) -> list[Panel]:
        return [Panel(**row) for row in self.params.panels]

    @property
    def about(self) -> dict[str, Any]:
        """For a caption: the model, the level of the intervals, and the thresholds of readings."""
        return {"model": self.model, "level": self.params.statistics["level"], **self.params.thresholds}

    def write(
        self,
        figure: Figure,
        title: str,
        *,
        finding: str,
        caption: str,
        summary: str,
        tables: Mapping[str, pd.DataFrame],
        of: Sequence[str],
        settings: Mapping[str, Any] | None = None,
        models: str | None = None,
    ) -> None:
        """Write PDF, PNG, caption, summary, and the drawn numbers by the names of their outputs.

        finding: what came out, a sentence that a rule made of the numbers; it stands on top, behind the model's name.
        models: their names, of a figure that shows others than the configured one. tables: a column model is put first
        into those that have none. of: names of the inputs that the figure is drawn from, which its metadata lists by
        path and sha256. settings: everything else that it depends on; the rule's params if None. Raises InputError if a
        place cannot be written.
        """
        paths = [getattr(self.input, name) for name in of]
        drawn_from = [path for each in paths for path in ([each] if isinstance(each, str) else each)]
        origin = identity(self.input.model, dict(self.params.items()) if settings is None else settings, drawn_from)
        header.put(figure, models or self.model, finding)
        style.save(figure, self.output.pdf, self.output.png, title=title, subject=caption, keywords=origin)
        atomic_write(self.output.caption, caption.encode())
        atomic_write(self.output.summary, summary.encode())
        for name, table in tables.items():
            named = {} if "model" in table else {"model": self.model}
            write_table(getattr(self.output, name), pd.concat([pd.DataFrame(named, index=table.index), table], axis=1))
