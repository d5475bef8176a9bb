"""The ideal denoiser of a case whose candidate answers are known, and the weights that a model's x0_pred puts on them.

Flow matching takes x = (1 - sigma) z + sigma eps with eps ~ N(0, I). Let the answer be one of K candidates z_k with
prior p_k. The posterior of the candidates given x, and with it the ideal x0_pred, is known in closed form (EDM eq. 57):

    w_k = p_k exp(-|x - (1 - sigma) z_k|^2 / (2 sigma^2)) / sum,    ideal x0_pred = sum_k w_k z_k.

Two priors ask two questions. An observer with the prior `right` knows the solution and only has to choose among the
right answers. An observer with the prior `all` knows nothing but what the latents already hold.

The model's own weights are those of the mixture of candidates that lies nearest to its x0_pred. All of this needs only
inner products with the candidates, in float64; nothing is decoded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import nnls
from scipy.special import softmax
from scipy.stats import norm

from ...errors import InputError

SUM_WEIGHT = 1e4  # of the equation sum w = 1 against the equations of the latents, which are scaled to 1
COMMITTED = 0.9  # weight from which on an answer is taken to be chosen


Weights = np.ndarray  # float64 (K,), one for each candidate, summing to 1
Flat = np.ndarray  # float64 (N,), normalised latents


@dataclass(frozen=True)
class Candidates:
    """The candidate answers of one case, in latents.

    names: of the K candidates. right: bool (K,), the candidates that solve the case. latents: float64 (K, N), their
    normalised latents, flattened. Raises InputError if two candidates are equal, if none is right, or if a value is
    not finite.
    """

    names: Sequence[str]
    right: np.ndarray
    latents: np.ndarray

    def __post_init__(self) -> None:
        if not (len(self.names) == len(self.right) == len(self.latents) > 0):
            raise InputError("candidates: names, right and latents differ in number, or there is no candidate")
        if not np.isfinite(self.latents).all():
            raise InputError("candidates: latents are not finite; check the VAE's weights")
        if not np.any(self.right):
            raise InputError(f"candidates: none of {', '.join(self.names)} solves the case; check the puzzle's answers")
        near = np.argwhere(np.triu(self.distances == 0, k=1))
        if len(near):
            first, second = near[0]
            raise InputError(
                f"candidates: {self.names[first]} and {self.names[second]} have equal latents; merge them beforehand"
            )

    @cached_property
    def gram(self) -> np.ndarray:
        """Inner products of the candidates with each other."""
        return self.latents @ self.latents.T

    @cached_property
    def distances(self) -> np.ndarray:
        """Euclidean distance between every two candidates, in standard deviations of a latent."""
        return np.stack([np.linalg.norm(self.latents - latents, axis=1) for latents in self.latents])

    @property
    def spread(self) -> float:
        """Mean distance between two candidates, the unit of a residual; nan with a single candidate."""
        pairs = self.distances[np.triu_indices(len(self.names), k=1)]
        return float(pairs.mean()) if len(pairs) else float("nan")

    def prior(self, of: str) -> Weights:
        """The prior `right` (uniform over the right answers) or `all` (uniform over every candidate)."""
        among = {"right": np.asarray(self.right, bool), "all": np.ones(len(self.names), bool)}
        if of not in among:
            raise InputError(f"candidates: the prior is {of!r}; choose right or all")
        return among[of] / among[of].sum()

    def nearest(self, latents: Flat) -> int:
        """Index of the candidate that latents (N,) lie nearest to: the answer of a finished run."""
        return int(((self.latents - latents) ** 2).sum(1).argmin())


def observer_weights(candidates: Candidates, latents: Flat, sigma: float, prior: str) -> Weights:
    """The ideal observer's weights on the candidates, given noisy latents (N,) at noise level sigma in (0, 1].

    At sigma 1 the latents say nothing, and the weights are the prior. InputError for a sigma outside (0, 1].
    """
    if not 0 < sigma <= 1:
        raise InputError(f"candidates: sigma is {sigma:g}; the observer needs a noise level above 0 and up to 1")
    kept = 1 - sigma
    # |x - kept z|^2 less |x|^2, which all candidates share
    squared = -2 * kept * (candidates.latents @ latents) + kept**2 * np.diag(candidates.gram)
    with np.errstate(divide="ignore"):
        log_prior = np.log(candidates.prior(prior))
    return softmax(log_prior - squared / (2 * sigma**2))


def ideal_x0_pred(candidates: Candidates, latents: Flat, sigma: float, prior: str = "right") -> Flat:
    """The ideal denoiser's clean estimate (N,) of noisy latents (N,): the mean of the candidates by its weights."""
    return observer_weights(candidates, latents, sigma, prior) @ candidates.latents


def mixture_weights(candidates: Candidates, x0_pred: Flat) -> tuple[Weights, float]:
    """Weights (K,) of the mixture of candidates nearest to a clean estimate (N,), and the distance left over.

    min |x0_pred - sum_k w_k z_k| with w >= 0 and sum w = 1, by non-negative least squares. The distance is in units of
    `candidates.spread`: the part of x0_pred that no mixture of the candidates explains. With a single candidate the
    weight is 1 and the distance nan.
    """
    centre = candidates.latents.mean(0)
    directions, offset = candidates.latents - centre, x0_pred - centre
    # an orthonormal basis of the candidates: what lies across it moves no weight, so that the problem is K x K
    basis, triangle = np.linalg.qr(directions.T)
    inside = basis.T @ offset
    scale = np.abs(triangle).max() or 1.0
    equations = np.vstack([triangle / scale, np.full(len(directions), SUM_WEIGHT)])
    weights, _ = nnls(equations, np.append(inside / scale, SUM_WEIGHT))
    weights /= weights.sum()
    return weights, float(np.linalg.norm(offset - weights @ directions) / candidates.spread)


def committed(weights: Sequence[float], level: float = COMMITTED) -> int:
    """The first step from which a weight, one for each of S steps, stays above `level`; S if it never does."""
    below = np.flatnonzero(np.asarray(weights) <= level)
    return int(below[-1]) + 1 if len(below) else 0


def bits_behind(observer: np.ndarray, model: np.ndarray, floor: float = 1e-3):
    """KL(observer || model) in bits, over the last axis: how far the model is from the best possible chooser.

    floor: least weight that the model is credited with, so that an exact zero costs about ten bits and not infinity.
    """
    credited = np.maximum(model, floor)
    credited = credited / credited.sum(-1, keepdims=True)
    ratio = np.where(observer > 0, observer / credited, 1.0)
    return (observer * np.log2(ratio)).sum(-1)


def gain_bits(model_right, observer_right, floor: float = 1e-3):
    """Bits that the model adds at a step to what the latents hold before it: log2 of its weight on right answers less
    log2 of the weight that the observer `all` puts on them.

    Both weights are credited with at least `floor`.
    """
    return np.log2(np.maximum(model_right, floor)) - np.log2(np.maximum(observer_right, floor))


def log_odds_distance(level: float, share: float, rivals: int = 1) -> float:
    """The scaled distance l = (1 - sigma) D / sigma at which a share of the runs has committed.

    With two answers at distance D the log-odds of the true answer are N(l^2 / 2, l^2), so that
    P(weight >= level) = Phi(l / 2 - logit(level) / l); rivals beyond one add log(rivals) to logit(level).
    level, share: in (0, 1). At level .95 half of the runs have committed at l = 2.43 and 95% at 4.58.
    """
    odds = np.log(level / (1 - level)) + np.log(rivals)
    quantile = norm.ppf(share)  # l / 2 - odds / l = quantile
    return float(quantile + np.sqrt(quantile**2 + 2 * odds))


def commitment_sigma(distance, level: float = COMMITTED, share: float = 0.5, rivals: int = 1):
    """The noise level s* = D / (D + l) at which a share of the runs has committed: the law of `log_odds_distance`.

    distance: Euclidean, between two answers in latents.
    """
    scaled = log_odds_distance(level, share, rivals)
    return distance / (distance + scaled)


def law_step(distance: float, sigmas: np.ndarray, level: float = COMMITTED, share: float = 0.5) -> int:
    """The first step whose sigma lies at or below the law's; S if none does. sigmas: of the S steps, falling."""
    reached = np.flatnonzero(np.asarray(sigmas) <= commitment_sigma(distance, level, share))
    return int(reached[0]) if len(reached) else len(sigmas)
