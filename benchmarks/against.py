"""The sweep of Figure 3 against the stock pipeline, and against its own forwards and decodes alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lines import Result
from ours import Ours, Work, Workers, batches, label
from stock import Stock
from turns import medians

from chainofsteps.bench.cases import Case
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.wan import MASK_CHANNELS
from chainofsteps.probes.noise.spec import Intervention


@dataclass(frozen=True)
class Sweeps:
    """The same interventions on the same cases, in three ways.

    With workers, our side uses the cores as the workflow does; without, it runs in this process.
    """

    ours: Ours
    stock: Stock
    cases: Sequence[Case]
    runs: Sequence[Intervention]
    work: Work
    folder: Path
    workers: Workers | None = None

    @cached_property
    def encoded(self) -> list[Conditioning]:
        return [self.ours.encode(case) for case in self.cases]

    @cached_property
    def sizes(self) -> list[list[int]]:
        """Sizes of the batches of a case, by step."""
        return batches(self.runs, self.ours.sampling, self.work.similarity)

    def sweep(self) -> None:
        """As the rules run it."""
        if self.workers is not None:
            return self.workers.sweep(self.cases, self.runs, self.work, self.folder)
        for case in self.cases:
            self.ours.sweep(case, self.runs, self.work, self.folder)

    def naive(self) -> None:
        """One video after another, each from its start, by the stock pipeline."""
        for case, encoded in zip(self.cases, self.encoded, strict=True):
            self._naive(case, encoded)

    def _naive(self, case: Case, encoded: Conditioning) -> None:
        work = self.work
        start = {seed: self.ours.latents(case, seed, encoded) for seed in (work.seed, work.null_seed)}
        first = encoded.condition[:, MASK_CHANNELS:, 0]
        for latents in start.values():
            self.stock.video(case, latents)
        for run in self.runs:
            restored = first if work.restore_first_frame and run.acts_on(0) else None
            self.stock.perturbed(case, run, label(case), work.seed, start[work.seed], restored)

    def bare(self) -> None:
        """The forwards and decodes of the sweep, and nothing else."""
        if self.workers is not None:
            return self.workers.bare(self.encoded, self.sizes, len(self.runs) + 2)
        for encoded in self.encoded:
            self.ours.bare(encoded, self.sizes, len(self.runs) + 2)

    def measured(self, turns: int) -> list[Result]:
        """(a) The sweep against one video after another; (b) against its forwards and decodes."""
        self.bare()  # what was measured before has warmed this process, but not the workers
        sides = {"sweep": self.sweep, "naive": self.naive, "bare": self.bare}
        seconds = medians("sweep", sides, turns, warm=False)
        return [self._against_naive(seconds, turns), self._against_bare(seconds, turns)]

    def _against_naive(self, seconds: dict[str, float], turns: int) -> Result:
        return Result(
            "sweep / stock pipeline, one by one",
            seconds["sweep"] / seconds["naive"],
            "ratio",
            0.4,
            f"{self._said(seconds)}; stock pipeline {seconds['naive']:.2f} s: all the same interventions from the "
            f"start, without CKA, files, scores, floors and ground truth; medians of {turns} turns",
        )

    def _against_bare(self, seconds: dict[str, float], turns: int) -> Result:
        forwards = len(self.cases) * sum(map(sum, self.sizes)) * (1 + self.ours.sampling.guided)
        return Result(
            "sweep / its forwards and decodes alone",
            seconds["sweep"] / seconds["bare"],
            "ratio",
            1.3,
            f"{self._said(seconds)}; bare loop {seconds['bare']:.2f} s: the same {forwards} forwards in the same "
            f"batches and {len(self.cases) * (len(self.runs) + 4)} decodes; medians of {turns} turns",
        )

    def _said(self, seconds: dict[str, float]) -> str:
        return (
            f"{len(self.cases)} cases ({', '.join(map(label, self.cases))}), each with {len(self.runs)} interventions, "
            f"the clean run and the re-seeded one, {self.ours.sampling.steps} steps; sweep {seconds['sweep']:.2f} s: "
            "encoding, runs, CKA, files, decoding, scores, floors and ground truth, without starting jobs"
        )
