"""The work on swaps: layers of one run in another, for the pairs of a shard's cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from ...bench.cases import listed_cases
from ...errors import InputError
from ...files import fingerprint
from ...model.conditioning import Conditioning
from ...names import RunId
from ...run.denoise import GuidedVelocity
from ...run.trajectory import Ends, Trajectory
from ...store.job import Job
from ...store.pieces import Kept, Piece
from ...store.reader import ShardReader
from ...store.untouched import untouched
from ..network import Network, through
from .pairs import by_scores
from .rows import pairs_of
from .run import SwapSweep, same_text
from .spec import Swap, expand


@dataclass(frozen=True)
class Swapping:
    """section: `swap` of the configuration. null_seed: of the run that mode full is checked with. sources: of each
    target the case whose layers it takes. matrix: cases of which every layer is swapped at every step. layers: of the
    model."""

    network: Network
    trajectories: ShardReader
    section: Mapping[str, Any]
    null_seed: int
    sources: Mapping[str, str]
    matrix: Collection[str]
    layers: int

    @classmethod
    def of(cls, job: Job) -> Swapping:
        pairs = pairs_of(listed_cases(job.cases))
        sources = {name: pair.source.name for name, pair in pairs.items() if pair}
        settings, layers = job.params.settings, job.model["layers"]
        asked = (settings["swap"], settings["null_seed"], sources, job.params.matrix, layers)
        return cls(Network.of(job), job.read("trajectory"), *asked)

    @cached_property
    def pairs(self) -> str:
        """A hash of which case is the source of which."""
        identities = self.network.encoded.identities
        return fingerprint({name: [source, identities[source]] for name, source in self.sources.items()})

    @property
    def skipped(self) -> int:
        """How many cases have no source, since the next case has the same answer, or a video of another size."""
        return len(self.network.encoded.cases) - len(self.sources)

    def swap(self, run: RunId, piece: Piece) -> Kept:
        """The state of all swaps on a run at the end of the piece."""
        if run.case not in self.sources:
            return Kept({"skipped": torch.tensor(True)})
        source = RunId(run.task, self.sources[run.case], run.seed)
        of_target, of_source = self._conditionings(run, source)
        velocity = self.network.velocity(of_target)
        source_velocity = self.network.velocity(of_source, counter=velocity.counter)
        clean, other = untouched(self.trajectories, run), untouched(self.trajectories, source)
        start = of_source.begin(clean.at(0))
        walked = torch.equal(other.at(0), start) and not isinstance(other, Ends)  # whose steps are not there to be read
        matrix = run.case in self.matrix
        swaps = expand(self.section, self.network.sampling.steps, self.layers, matrix)
        asked = (self.section["parts"], run.label, self.section["to_the_end"])
        sweep = SwapSweep(clean, other if walked else None, source_velocity, swaps, *asked, source_start=start)
        extra = self._same_text(run, piece, velocity, clean, swaps)
        state = through(sweep, velocity, piece)
        about = {"source": source.case, "matrix": matrix, **self.network.about}
        return Kept({**state.to_tensors(), **extra}, velocity.counter.total, metadata=about)

    def _conditionings(self, run: RunId, source: RunId) -> list[Conditioning]:
        """Those of both. InputError for puzzles that differ in their first frames; cases of a benchmark may."""
        pair = [self.network.conditioning(case) for case in (run.case, source.case)]
        if not by_scores(run.task) and not torch.equal(pair[0].condition, pair[1].condition):
            raise InputError(
                f"swap: cases {run.case} and {source.case} of {run.task} differ in more than their prompts; "
                "give swap.task a task whose first frames are equal"
            )
        return pair

    def _same_text(
        self, run: RunId, piece: Piece, velocity: GuidedVelocity, clean: Trajectory, swaps: list[Swap]
    ) -> dict[str, torch.Tensor]:
        """The check of mode full at step 0, by layer; in a later piece what was measured then."""
        if piece.start > 0 or "full" not in self.section["modes"]:
            return {key: value for key, value in piece.before.items() if key == "same_text"}
        null = RunId(run.task, run.case, self.null_seed)
        layers, other = sorted({one.layer for one in swaps}), untouched(self.trajectories, null).at(0)
        return {"same_text": torch.tensor(same_text(velocity, other, clean.at(0), 0, layers))}
