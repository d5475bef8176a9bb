"""Pictures of x0_pred for the figures that show runs: rows = steps, columns = frames.

One row of the configuration's `panels` is one grid of one figure: `figure, panel, puzzle, case, seed, steps, frames`.
Everything it names is checked before anything runs. No torch here: the Snakefile reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError
from ..names import RunId
from ..probes.indices import resolve


@dataclass(frozen=True)
class Panel:
    """One grid: x0_pred of one untouched run at some steps, some frames of each."""

    figure: str
    panel: str
    puzzle: str
    case: str
    seed: int
    steps: tuple[int, ...]
    frames: tuple  # numbers; of a folder's videos perhaps words, until their length is known

    @property
    def name(self) -> str:
        return f"{self.figure}{self.panel}"

    @property
    def run(self) -> RunId:
        """The untouched run that it shows."""
        return RunId(self.puzzle, self.case, self.seed)

    def check(self, cases: Mapping[str, Sequence[str]], seeds: Sequence[int], steps: int, frames: int | None) -> None:
        """InputError if the configured run has not what the panel shows.

        cases: names of the cases of each task. seeds: of the untouched runs, the re-seed null among them. steps: S.
        frames: of every video; None if that is not known yet, which is then not checked.
        """
        if self.puzzle not in cases:
            self._refuse(f"puzzle {self.puzzle!r}", f"the tasks are {', '.join(cases)}")
        if self.case not in cases[self.puzzle]:
            names = cases[self.puzzle]
            self._refuse(f"case {self.case!r}", f"{self.puzzle} has cases {names[0]} to {names[-1]}")
        if self.seed not in seeds:
            self._refuse(f"seed {self.seed}", f"untouched runs have seeds {', '.join(map(str, seeds))}")
        for word, wanted, count in (("step", self.steps, steps), ("frame", self.frames, frames)):
            for index in wanted:
                if count is not None and index >= count:
                    self._refuse(f"{word} {index}", f"there are {word}s 0 to {count - 1}")

    def of_video(self, frames: int) -> "Panel":
        """The panel of a video of so many frames, words for them as numbers. InputError if one is beyond."""
        found = replace(self, frames=tuple(resolve(_plain(self.frames), frames)))
        found.check({self.puzzle: [self.case]}, [self.seed], max(self.steps) + 1, frames)
        return found

    def _refuse(self, what: str, there_is: str) -> None:
        raise InputError(f"panels: {self.figure} {self.panel} shows {what}, which is not there; {there_is}")


def panels_of(config: Mapping[str, Any], figure: str) -> list[Panel]:
    """The panels of one figure, in the order of their letters. InputError if there is none or a letter comes twice."""
    rows = [row for row in config["panels"] if row["figure"] == figure]
    panels = [Panel(**{**row, "steps": tuple(row["steps"]), "frames": _frames(row["frames"])}) for row in rows]
    letters = [panel.panel for panel in panels]
    if not panels:
        raise InputError(f"panels: none is of {figure}; add a row, or leave the figure out")
    if len(set(letters)) < len(letters):
        raise InputError(f"panels: {figure} has two panels of one letter ({', '.join(letters)}); give each its own")
    return sorted(panels, key=lambda panel: panel.panel)


def _frames(frames: Any) -> tuple:
    return tuple(frames) if isinstance(frames, list | tuple) else (frames,)  # a word for frames of a folder's videos


def _plain(frames: tuple) -> Any:
    """As the configuration has them: one word, such as all, or a list."""
    return frames[0] if len(frames) == 1 and (frames[0] == "all" or isinstance(frames[0], Mapping)) else list(frames)
