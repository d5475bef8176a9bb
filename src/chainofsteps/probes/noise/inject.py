"""How noise enters the latents of a run: the operators of an intervention, and the noise that they use."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...model.shapes import Video
from ...run.denoise import generator
from .spec import Intervention, NoiseAtStep


def noise_of(run: Intervention, step: int, case: str, seed: int, shape: Sequence[int]) -> Video:
    """The noise eps that `run` injects at `step`: N(0, 1), float32, of `shape` (C, F, h, w).

    It depends on noise_seed, case and seed, and on the step if it is fresh. All interventions of a sweep share it, so
    that they differ in nothing but where and how it enters.
    """
    parts = ("noise", run.noise_seed, case, seed, *([step] if run.noise == "fresh" else []))
    return torch.randn(tuple(shape), generator=generator(*parts), dtype=torch.float32)


def apply(
    intervention: Intervention,
    step: int,
    latents: Tensor,
    sigma: float | Tensor,
    x0_pred: Tensor | None,
    eps: Tensor,
) -> Tensor:
    """The latents after the noise of `intervention` at `step`; unchanged if it does not act at that step.

    latents, x0_pred, eps: (..., C, F, h, w). sigma: in [0, 1], the noise level of `latents` themselves, which is
    sigma_s for timing "before" and sigma_{s+1} for "after". x0_pred: the latest estimate; None at step 0 (sigma 1),
    which has none. Raises ValueError if renoise needs the estimate and gets None.
    """
    if not intervention.acts_at(step):
        return latents
    edited = _edited(intervention, latents, sigma, x0_pred, intervention.amplitude * eps)
    if isinstance(intervention, NoiseAtStep):
        return edited
    result = latents.clone()
    frame = intervention.frame
    result[..., frame, :, :] = edited[..., frame, :, :]
    return result


def _edited(
    intervention: Intervention, latents: Tensor, sigma: float | Tensor, x0_pred: Tensor | None, noise: Tensor
) -> Tensor:
    """The latents with noise in every latent frame."""
    if intervention.operator == "replace":
        return noise.expand_as(latents)
    if intervention.operator == "add":
        return latents + noise
    if x0_pred is not None:
        return (1 - sigma) * x0_pred + sigma * noise
    if abs(float(sigma) - 1) > 1e-6:  # only there the estimate has no weight; 1 may be off by a rounding
        raise ValueError(f"renoise at sigma {float(sigma)} needs x0_pred")
    return noise.expand_as(latents)
