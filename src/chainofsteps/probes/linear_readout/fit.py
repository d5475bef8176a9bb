"""A linear map from hidden states to the answer's latents, fitted on some cases and read on the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RIDGE = 1e-2  # penalty on the map, in mean eigenvalues of the hidden states' second moments


@dataclass(frozen=True)
class Example:
    """One run. states: (n, d), hidden states of its tokens at some depth. answers: (K, n, p) the same tokens of each
    candidate's latents. answer: the index of the one that the run ended in."""

    states: np.ndarray
    answers: np.ndarray
    answer: int


def read(
    examples: Sequence[Example], cases: np.ndarray, folds: int, shuffles: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(right, null), float64 (N,): whether each example's answer is read from it by a map that was fitted without its
    fold, and how often it is by maps that were fitted to answers of other examples.

    cases: int (N,), of which case each example is, numbered from 0: a case lies in one fold, taken by turns. The map
    is one for all tokens, with an offset. The answer that is read is the candidate whose latents lie nearest to what
    the map gives. null: the mean over `shuffles` maps; in each, the answers are dealt anew among the examples.
    """
    rng, number = np.random.default_rng(seed), len(examples)
    states = [np.hstack([one.states, np.ones((len(one.states), 1))]).astype(np.float64) for one in examples]
    answers = [one.answers[one.answer].astype(np.float64) for one in examples]
    squares = np.stack([x.T @ x for x in states])
    deals = [np.arange(number), *(rng.permutation(number) for _ in range(shuffles))]
    found = np.zeros((len(deals), number))
    for row, deal in zip(found, deals, strict=True):
        products = np.stack([x.T @ answers[other] for x, other in zip(states, deal, strict=True)])
        for fold in range(folds):
            held_out = cases % folds == fold
            weights = _ridge(squares[~held_out].sum(0), products[~held_out].sum(0))
            for i in np.flatnonzero(held_out):
                distances = ((examples[i].answers - states[i] @ weights) ** 2).sum((1, 2))
                row[i] = distances.argmin() == examples[i].answer
    return found[0], found[1:].mean(0) if shuffles else np.full(number, np.nan)


def _ridge(squares: np.ndarray, products: np.ndarray) -> np.ndarray:
    """The map (d + 1, p) of least squares with a penalty on all of it but the offset, which is the last row."""
    penalty = np.full(len(squares), RIDGE * np.trace(squares[:-1, :-1]) / max(1, len(squares) - 1))
    penalty[-1] = 0
    return np.linalg.solve(squares + np.diag(penalty), products)
