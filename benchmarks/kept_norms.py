"""(c) A baseline run that keeps the token norms of all layers and steps against a run that keeps none."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lines import Result
from ours import Ours, label
from turns import medians

from chainofsteps.bench.cases import Case
from chainofsteps.files import save_tensors
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.network import depth
from chainofsteps.run.taps import Tap, full, token_norm


@dataclass(frozen=True)
class Norms:
    """One run of a case, from latents to its trajectory on disk, with and without norms."""

    ours: Ours
    case: Case
    seed: int
    folder: Path

    @cached_property
    def encoded(self) -> Conditioning:
        return self.ours.encode(self.case)

    @cached_property
    def layers(self) -> range:
        return range(depth(self.ours.experts.at(1000.0)))

    @property
    def written(self) -> Path:
        return self.folder / "norms.safetensors"

    def without(self) -> None:
        self.ours.baseline(self.case, self.seed, self.encoded, self.folder / "run.safetensors")

    def kept(self, reducer: Callable) -> int:
        """With norms; bytes that were copied to the host."""
        branch = "both" if self.ours.sampling.guided else "cond"
        tap = Tap(self.layers, range(self.ours.sampling.steps), branch, reducer)
        self.ours.baseline(self.case, self.seed, self.encoded, self.folder / "run.safetensors", tap)
        taken = tap.take()
        copied = sum(tensor.nbytes for tensor in taken.values())
        if reducer is full:  # the other way: everything to the host, reduced there
            taken = {name: token_norm(tensor) for name, tensor in taken.items()}
        save_tensors(self.written, taken, {"case": label(self.case)})
        return copied

    def measured(self, turns: int) -> list[Result]:
        sides = {"without": self.without, "norms": lambda: self.kept(token_norm), "full": lambda: self.kept(full)}
        seconds = medians("token norms", sides, turns, warm=True)
        what = (
            f"one run of {label(self.case)} from latents to its trajectory on disk, {len(self.layers)} layers, "
            f"{self.ours.sampling.steps} steps; without {seconds['without']:.3f} s; medians of {turns} turns"
        )
        return [*self._reduced(seconds, what), *self._full(seconds, what)]

    def _reduced(self, seconds: dict[str, float], what: str) -> list[Result]:
        self.kept(token_norm)
        written = self.written.stat().st_size
        return [
            Result(
                "run with token norms / run without",
                seconds["norms"] / seconds["without"],
                "ratio",
                1.05,
                f"{what}; with {seconds['norms']:.3f} s, {written} bytes written",
            ),
            Result("token norms, written", written, "bytes", None, "the file of that run, norms reduced at the tap"),
        ]

    def _full(self, seconds: dict[str, float], what: str) -> list[Result]:
        copied, of_norms = self.kept(full), self.kept(token_norm)
        return [
            Result(
                "run with full float32 copies / run without",
                seconds["full"] / seconds["without"],
                "ratio",
                None,
                f"{what}; with {seconds['full']:.3f} s: full hidden states to the host, norms taken there",
            ),
            Result(
                "full float32 copies, to the host",
                copied,
                "bytes",
                None,
                f"{copied / of_norms:.0f} times the {of_norms} bytes of the norms",
            ),
        ]
