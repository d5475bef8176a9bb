"""A job of the workflow: what its rule hands it, its shard, its progress, and its end in one line if it fails.

torch takes seconds to import, so it is imported with the first shard and not for jobs of tables, which have none.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import reported
from ..files import read_json
from .gpu import take_one
from .noun import Noun
from .progress import progress

if TYPE_CHECKING:
    import torch

    from .pieces import Piece
    from .reader import ShardReader
    from .shards import Rows, Shard


class Job(AbstractContextManager):
    """One job, in a `with`: an InputError in its body ends it with one line in the log and on stderr.

    snakemake: the object of that name in a script, or anything with its attributes input, output, params, wildcards,
    config, threads and log. noun: of the shard that the job makes; None for a job that makes none. A job with a noun
    begins with `open`, goes through `pending` or `pieces`, and ends with `finish`.
    """

    def __init__(self, snakemake: Any, noun: Noun | None = None) -> None:
        self.noun, self.config, self.threads = noun, snakemake.config, snakemake.threads
        self.input, self.output = snakemake.input, snakemake.output
        self.params, self.wildcards = snakemake.params, snakemake.wildcards
        self.log = snakemake.log[0]
        self._gpus = getattr(getattr(snakemake, "resources", None), "gpu", 0)
        self._reported = reported(self.log)
        self._readers: dict[str, ShardReader] = {}
        self._began = 0.0

    def __enter__(self) -> Job:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # see the package's first lines
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._reported.__enter__()
        if self._gpus:
            take_one(os.environ)  # and hold it until the process ends
        if self.noun is not None:
            import torch

            torch.set_num_threads(self.threads)
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._reported.__exit__(*error)

    # ---- inputs

    @cached_property
    def model(self) -> dict[str, Any]:
        """The manifest of the checkpoint."""
        return read_json(self.input.model)

    @cached_property
    def cases(self) -> dict[str, Any]:
        """The manifest of the shard's cases: their root, task and kind, and under "cases" the identity of each."""
        return read_json(self.input.cases)

    @property
    def case_identities(self) -> dict[str, str]:
        return {name: case["identity"] for name, case in self.cases["cases"].items()}

    @property
    def columns(self) -> dict[str, str]:
        """The columns that all rows of the job's tables share."""
        return {"model": self.wildcards.model, "task": self.wildcards.task, "kind": self.cases["kind"]}

    def read(self, name: str) -> ShardReader:
        """The finished shard that is the input of this name; of several files, all of them as one."""
        from .reader import read_shard

        if name not in self._readers:
            given = getattr(self.input, name)
            self._readers[name] = read_shard(*([given] if isinstance(given, (str, Path)) else given))
        return self._readers[name]

    # ---- the shard

    def open(self, identities: Mapping[str, str], **settings: Any) -> None:
        """Open the shard of these items, each with the hash of what it alone is made from.

        settings: what the numbers depend on beside the settings of the rule and the hashes of its inputs.
        """
        from .shards import Shard

        hashes = {name: self._hash(name) for name in self.noun.made_from}
        settings = {**self.params.settings, **hashes, **settings}
        recipe, shared = self.noun.recipe, self.config["shared"]
        self.names = list(identities)
        self.shard: Shard = Shard(self.output.manifest, self.noun.name, settings, recipe, identities, shared)

    def pending(self, unit: str) -> Iterator[str]:
        """The items that are not there yet; each must be saved before the next. unit: of the progress line."""
        pending = self.shard.pending(self.names)
        with progress(self.title, len(pending), unit) as shown:
            for name in pending:
                self._began = time.perf_counter()
                yield name
                shown.update()

    def save(self, name: str, tensors: Mapping[str, torch.Tensor], rows: Rows | None = None, **metadata: Any) -> None:
        """Keep an item of `pending`, whole or not at all, with the seconds that it took."""
        seconds = {"seconds": time.perf_counter() - self._began}
        self.shard.save(name, tensors, {**metadata, **seconds}, rows=rows)

    def pieces(
        self,
        schedules: Mapping[str, torch.Tensor],
        boundary: float | None,
        total: float | None = None,
        unit: str = "steps",
        most: int | None = None,
    ) -> Iterator[Piece]:
        """The pieces that are left of the items' steps, by expert; see `store.pieces.pieces`.

        schedules: sigmas (S + 1,) of each item. total: the amount of work that is left, in units; None: steps.
        """
        from .pieces import pieces

        left = sum(len(schedules[name]) - 1 for name in self.shard.pending(self.names)) if total is None else total
        with progress(self.title, left, unit) as shown:
            yield from pieces(self.shard, schedules, boundary, most, shown.update)

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of all items, which must be there."""
        return {name: self.shard.rows(name) for name in self.names}

    def finish(self, tables: Sequence[str] = (), **facts: Any) -> None:
        """Write the manifest, in which the tables and facts stand too."""
        self.shard.finish(self.names, tables, **facts)

    @property
    def title(self) -> str:
        """For the progress line: the noun, the task and the shard."""
        words = [getattr(self.wildcards, key, None) for key in ("task", "puzzle", "shard")]
        return " ".join([self.noun.name, *filter(None, words)])

    def _hash(self, name: str) -> str:
        return self.model["identity"] if name == "model" else self.read(name).manifest["settings_hash"]
