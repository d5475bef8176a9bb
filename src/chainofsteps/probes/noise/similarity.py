"""Centred kernel alignment (CKA) between two runs, with the tokens of the latents as samples (Fig. 3c).

The linear kernel is computed in feature space, O(n p^2) instead of O(n^2 p), because a 14B run has 32,760 tokens of 64
features. All sums are float64: in float32 the Gram form was off by 5e-3.

The unbiased estimate is the default. With as few tokens as the embedded model has (n = 80, p = 64), the biased estimate
is about 0.44 for independent features, and halves every effect. The unbiased estimate is 0 on average there, and so can
be a little below 0.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from ...errors import InputError
from .features import KERNELS, Compared

GRAM_TOKENS = 8192  # most for the rbf kernel: its float64 matrix of all pairs takes 0.5 GB there
CONSTANT = "CKA is undefined: the features are the same for all samples"
PATCH = 2  # a token of the transformer is a patch of 1 x 2 x 2 latents


class Similarity(Compared):
    """The measure of similarity by CKA, as the `similarity` section of the configuration names it."""

    def dissimilarity(self, x: Tensor, y: Tensor) -> Tensor:
        """1 - CKA of features x and y, both (..., n, p): 0 if they agree, 1 (unbiased: on average) if independent."""
        return 1 - cka(x, y, self.kernel, self.unbiased)


def token_features(latents: Tensor) -> Tensor:
    """Latents (..., C, F, h, w) as the tokens (..., F h/2 w/2, 4 C) of the transformer, which are the samples.

    Raises InputError if a side is odd.
    """
    height, width = latents.shape[-2:]
    if height % PATCH or width % PATCH:
        raise InputError(f"latents of {height}x{width} cannot be cut into {PATCH}x{PATCH} patches")
    return rearrange(latents, "... c f (h p) (w q) -> ... (f h w) (c p q)", p=PATCH, q=PATCH)


def without_frame(features: Tensor, frame: int | None, frames: int) -> Tensor:
    """Features (..., n, p) less the tokens of one latent frame of so many; all for None, or if there is one."""
    if frame is None or frames == 1:
        return features
    apart = rearrange(features, "... (f n) p -> ... f n p", f=frames)
    kept = [index for index in range(frames) if index != frame]
    return rearrange(apart[..., kept, :, :], "... f n p -> ... (f n) p")


def cka(x: Tensor, y: Tensor, kernel: str = Compared.kernel, unbiased: bool = Compared.unbiased) -> Tensor:
    """CKA of features x (..., n, p) and y (..., n, q) over the same n samples: float64, of the batch's shape.

    Batch dimensions broadcast, so that many runs are compared with a baseline at once. unbiased: the estimate of HSIC
    by Song et al. (2012), as Nguyen et al. (2021) use it; else that of Kornblith et al. (2019). The width of the rbf
    kernel is the median squared distance of each set of features. Raises InputError if samples are too few (for
    rbf: too many), or if features do not vary over the samples, where CKA is undefined: on a GPU, which nothing is to
    wait for here, it is nan there instead.
    """
    n = x.shape[-2]
    if y.shape[-2] != n:
        raise InputError(f"CKA compares features of the same samples; these are {n} and {y.shape[-2]}")
    if n < 4 and unbiased:
        raise InputError(f"unbiased CKA needs at least 4 samples, not {n}")
    if kernel not in KERNELS:
        raise InputError(f"CKA: kernel must be one of {', '.join(KERNELS)}; not {kernel!r}")
    if kernel == "rbf" and n > GRAM_TOKENS:
        raise InputError(
            f"CKA with the rbf kernel takes up to {GRAM_TOKENS} samples; {n} would need matrices of "
            f"{8 * n * n / 1e9:.1f} GB: set similarity.kernel to linear"
        )
    (x, x_constant), (y, y_constant) = _centred(x), _centred(y)
    undefined = x_constant | y_constant
    _refuse(undefined, CONSTANT)
    if kernel == "linear":
        hsic = _hsic_linear_unbiased if unbiased else _hsic_linear
    else:
        x, y = _rbf(x), _rbf(y)
        hsic = _hsic_gram_unbiased if unbiased else _hsic_gram
    return torch.where(undefined, torch.nan, hsic(x, y) / (hsic(x, x) * hsic(y, y)).sqrt())


def _refuse(undefined: Tensor, why: str) -> None:
    """InputError if any value is undefined, unless that is known on a GPU alone."""
    if undefined.device.type == "cpu" and undefined.any():
        raise InputError(why)


def _centred(x: Tensor) -> tuple[Tensor, Tensor]:
    """Features less their mean over the samples, and whether that is all that they have: bool, of the batch's shape."""
    x = x.double()
    power = x.square().sum(dim=(-2, -1))
    x = x - x.mean(dim=-2, keepdim=True)
    # rounding in float64 leaves about 1e-32 of the power of constant features
    return x, x.square().sum(dim=(-2, -1)) <= 1e-24 * power


def _hsic_linear(x: Tensor, y: Tensor) -> Tensor:
    """||X^T Y||^2, which is the trace of K L for K = X X^T, L = Y Y^T with X, Y centred."""
    return (x.mT @ y).square().sum(dim=(-2, -1))


def _hsic_linear_unbiased(x: Tensor, y: Tensor) -> Tensor:
    """`_hsic_gram_unbiased` of K = X X^T, L = Y Y^T without forming them.

    X, Y centred: K 1 = 0, so that with its diagonal a removed K~ 1 = -a; likewise L~ 1 = -b. Then
    tr(K~ L~) = ||X^T Y||^2 - a.b, 1^T K~ 1 = -sum a, 1^T K~ L~ 1 = a.b.
    """
    n = x.shape[-2]
    a, b = x.square().sum(dim=-1), y.square().sum(dim=-1)
    ab = (a * b).sum(dim=-1)
    total = a.sum(dim=-1) * b.sum(dim=-1)
    return (_hsic_linear(x, y) - ab + total / ((n - 1) * (n - 2)) - 2 * ab / (n - 2)) / (n * (n - 3))


def _rbf(x: Tensor) -> Tensor:
    """Gram matrix exp(-d^2 / 2 m), m the median squared distance of two samples."""
    squared = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist").square()
    n = x.shape[-2]
    i, j = torch.triu_indices(n, n, offset=1, device=x.device)
    median = squared[..., i, j].median(dim=-1).values[..., None, None]
    _refuse(median == 0, "CKA with the rbf kernel is undefined: more than half of the samples are the same")
    return torch.exp(-squared / (2 * median))


def _hsic_gram(k: Tensor, l: Tensor) -> Tensor:  # noqa: E741 - K and L are the names of the literature
    """tr(K H L H), H the centring matrix."""
    k = k - k.mean(dim=-1, keepdim=True)
    k = k - k.mean(dim=-2, keepdim=True)  # H K H
    return (k * l).sum(dim=(-2, -1))


def _hsic_gram_unbiased(k: Tensor, l: Tensor) -> Tensor:  # noqa: E741
    """Song et al. (2012), eq. 5: K~ and L~ are K and L with their diagonals set to 0."""
    n = k.shape[-1]
    off = 1 - torch.eye(n, dtype=k.dtype, device=k.device)
    k, l = k * off, l * off  # noqa: E741
    trace = (k * l).sum(dim=(-2, -1))
    total = k.sum(dim=(-2, -1)) * l.sum(dim=(-2, -1))
    rows = (k.sum(dim=-1) * l.sum(dim=-1)).sum(dim=-1)
    return (trace + total / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)) / (n * (n - 3))
