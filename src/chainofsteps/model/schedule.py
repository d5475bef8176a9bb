"""The noise schedule and what follows from it: sigmas, timesteps, Euler steps, velocity <-> x0_pred."""

import numpy as np
import torch

from ..errors import InputError

TRAIN_TIMESTEPS = 1000  # timestep = 1000 sigma


def sigmas(steps: int, shift: float) -> torch.Tensor:
    """float32 (steps + 1,): sigma of every step from 1 down, then 0. sigma = shift s / (1 + (shift - 1) s).

    Bit-equal to FlowMatchEulerDiscreteScheduler(shift).set_timesteps(sigmas=np.linspace(1, 1/S, S)); its own
    set_timesteps(S) would shift twice. Raises InputError for fewer steps than 1.
    """
    if steps < 1:
        raise InputError(f"steps is {steps}: give at least 1")
    s = np.linspace(1, 1 / steps, steps).astype(np.float32)
    shifted = shift * s / (1 + (shift - 1) * s)
    return torch.cat([torch.from_numpy(shifted).float(), torch.zeros(1)])


def timesteps(sigmas: torch.Tensor) -> torch.Tensor:
    """float32 (steps,) in [0, 1000] of sigmas (steps + 1,): 1000 sigma, without the last, which enters no
    network."""
    return sigmas[:-1] * TRAIN_TIMESTEPS


EXPERTS = ("high", "low")  # in the order in which a run meets them


def expert(timestep: torch.Tensor | float, boundary: float | None) -> str:
    """The expert ("high" | "low") of one timestep in [0, 1000]: high from 1000 boundary up (boundary: a sigma),
    else low; high throughout without a boundary."""
    # Compared in float32, as the stock pipeline does: a timestep on the boundary goes the same way.
    if boundary is None or torch.as_tensor(timestep, dtype=torch.float32) >= boundary * TRAIN_TIMESTEPS:
        return "high"
    return "low"


def euler_step(
    latents: torch.Tensor,
    velocity: torch.Tensor,
    sigma: torch.Tensor,
    sigma_next: torch.Tensor,
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """x_next = x + (sigma_next - sigma) velocity, bit-equal to the scheduler's step; shape of latents.

    dtype: what x, the product and the sum are rounded to, as tools round them that keep their latents in it.
    """
    if dtype == torch.float32:
        return (latents.float() + (sigma_next - sigma) * velocity).to(velocity.dtype)
    # In this order: a 0-dimensional factor that comes first would itself be rounded, on a CPU.
    return (latents.to(dtype) + velocity.to(dtype) * (sigma_next - sigma)).to(velocity.dtype)


def x0_pred(latents: torch.Tensor, velocity: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """The clean estimate x - sigma velocity, from latents before the update and velocity after guidance."""
    return latents - sigma * velocity


def x0_pred_from_pair(
    latents: torch.Tensor, latents_next: torch.Tensor, sigma: torch.Tensor, sigma_next: torch.Tensor
) -> torch.Tensor:
    """The x0_pred of a step from the stored latents before and after it.

    velocity = (x_next - x) / (sigma_next - sigma), and x0_pred = x_next - sigma_next velocity: that of the
    last step (sigma_next = 0) is exactly the final latents.
    """
    return latents_next - sigma_next * ((latents_next - latents) / (sigma_next - sigma))
