"""Whose answer a swapped run shows: the source's, the target's, or neither; and how often, by layer and step.

Of puzzles, source and target are two cases with one first frame and different prompts. A run is read for the right
answers of both and the wrong candidates of both at once, so that a blur, a mixture or a third answer is not taken for
one of the two: in its latents (probes/candidates/observer.py), or in the last frame of its decoded video
(puzzles/candidates.py). Of a benchmark they are two cases of one task, each with a first frame of its own, and its
scorer reads the decoded video as if it were the target's, and as if it were the source's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ...bench.cases import Case
from ...bench.puzzles import on_board, puzzle
from ...bench.puzzles.candidates import right_answers, shares
from ...bench.scoring import score
from ...errors import InputError
from ..candidates.observer import Candidates, mixture_weights
from ..candidates.rows import by_name, flat
from ..candidates.table import STRAY
from .pairs import by_scores, check_pairs, fit_together, neighbours
from .table import MARGIN, MASS, RUN, SCORES

COLUMNS = [
    *["model", "task", "case", "source", "seed", "matrix", *RUN],
    *["outcome", "mass_source", "mass_target", "distance", *SCORES],
]


def right_video(case: Case) -> np.ndarray:
    """The video of a case's one right answer. Raises InputError if it has several, or none is known."""
    right = right_answers(case.task, case.layout)
    if len(right) != 1:
        raise InputError(f"swap: {case.task} has cases with {len(right)} right answers; swap.task needs one with one")
    return puzzle(case.task).answers(case.layout)[right.pop()]


@dataclass(frozen=True)
class Pair:
    """The target's run is swapped with the source's layers."""

    target: Case
    source: Case

    @property
    def answers(self) -> dict[str, np.ndarray]:
        """The videos that a frame is read for: target and source, then the wrong candidates of both, each once."""
        found = {"target": right_video(self.target), "source": right_video(self.source)}
        for word, case in (("target", self.target), ("source", self.source)):
            for name, video in puzzle(case.task).answers(case.layout).items():
                if not any(np.array_equal(video[-1], other[-1]) for other in found.values()):
                    found[f"{word}: {name}"] = video
        return found

    @property
    def differs(self) -> bool:
        """True if the two have different answers: else no flip can be told. Of cases that a scorer reads: if the video
        of each can be scored as the other's."""
        if by_scores(self.target.task):
            return fit_together(self.target, self.source)
        return not np.array_equal(right_video(self.target)[-1], right_video(self.source)[-1])

    def read(self, video: np.ndarray, answers: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """What a video (T, H, W, 3) uint8 shows in its last frame; answers: of this pair, made once for many videos."""
        masses = shares(answers, on_board(self.target.task, video)[-1])
        exact = {f"exact_{word}": score(getattr(self, word), video) >= 1 for word in ("source", "target")}
        of_both = {f"mass_{word}": masses[word] for word in ("source", "target")}
        return {"outcome": outcome(masses), **of_both, **exact}


def latent_answers(target: Candidates, source: Candidates) -> Candidates:
    """What the latents of a pair's runs are read for, as `Pair.answers` of pixels. target, source: of the two cases.

    Raises InputError if one of them has several right answers.
    """
    found: dict[str, np.ndarray] = {}
    for word, one in (("target", target), ("source", source)):
        right = np.flatnonzero(one.right)
        if len(right) != 1:
            raise InputError(f"swap: a case has {len(right)} right answers; swap.task needs a puzzle with one")
        found[word] = one.latents[right[0]]
    for word, one in (("target", target), ("source", source)):
        for name, latents in zip(one.names, one.latents, strict=True):
            if not any(np.array_equal(latents, other) for other in found.values()):
                found[f"{word}: {name}"] = latents
    return Candidates([*found], np.array([name == "target" for name in found]), np.stack([*found.values()]))


def read_latents(answers: Candidates, latents: Tensor) -> dict[str, Any]:
    """What latents (1, C, F, h, w) show; answers: of `latent_answers`. Latents that lie further than STRAY from every
    mixture of the answers show another one."""
    weights, residual = mixture_weights(answers, flat(latents))
    masses = by_name(answers, weights)
    shown = outcome(masses) if residual <= STRAY else "other"
    return {"outcome": shown, **{f"mass_{word}": masses[word] for word in ("source", "target")}}


def outcome(masses: Mapping[str, float]) -> str:
    """source, target or other: the candidate that is shown by the rule of MASS and MARGIN."""
    (strongest, most), *others = sorted(masses.items(), key=lambda item: -item[1])
    clear = most >= MASS and most - max([0.0, *(mass for _, mass in others)]) >= MARGIN
    return strongest if clear and strongest in ("source", "target") else "other"


def outcome_of_scores(source: float, target: float) -> str:
    """source, target or other, of a video's scores in [0, 1] as the source's and as the target's: the one that is
    higher, if by MARGIN or more."""
    if abs(source - target) < MARGIN:
        return "other"
    return "source" if source > target else "target"


def pairs_of(cases: Sequence[Case]) -> dict[str, Pair | None]:
    """The pair of each case as target, by its name: with the next one as source, the last with the first.

    None where both have the same answer, as the one case of a shard has with itself: such a pair is left out. So is,
    of cases that a scorer reads, one whose videos differ in size or length; InputError if no other is there.
    """
    if by_scores(cases[0].task):
        check_pairs(cases)
    pairs = {target.name: Pair(target, source) for target, source in neighbours(cases)}
    return {name: pair if pair.differs else None for name, pair in pairs.items()}
