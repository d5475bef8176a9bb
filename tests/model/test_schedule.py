import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from chainofsteps.errors import InputError
from chainofsteps.model import schedule


def stock_scheduler(steps, shift):
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps))
    return scheduler


def test_sigmas_are_those_of_the_papers_tools():
    # The values that the paper's tools print at 50 steps with shift 5.
    listed = {
        0: 1,
        1: 0.995935,
        10: 0.952381,
        20: 0.882353,
        21: 0.873494,
        30: 0.769231,
        40: 0.555556,
        49: 0.092593,
    }
    sigmas = schedule.sigmas(50, 5.0)
    assert sigmas.shape == (51,) and sigmas.dtype == torch.float32 and sigmas[50] == 0
    for step, sigma in listed.items():
        assert abs(sigmas[step].item() - sigma) < 1e-6
    # and their formula, s from linspace(1, 0, S + 1) without the last
    s = torch.linspace(1, 0, 51, dtype=torch.float64)[:-1]
    assert (sigmas[:-1] - 5 * s / (1 + 4 * s)).abs().max() < 1e-7


@pytest.mark.parametrize(("steps", "shift"), [(1, 3.0), (4, 5), (20, 3.0), (40, 3.0), (50, 5.0), (7, 1.0)])
def test_sigmas_and_timesteps_are_the_schedulers(steps, shift):
    scheduler = stock_scheduler(steps, shift)
    sigmas = schedule.sigmas(steps, shift)
    assert torch.equal(sigmas, scheduler.sigmas)
    assert torch.equal(schedule.timesteps(sigmas), scheduler.timesteps)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_euler_step_is_the_schedulers(dtype):
    steps = 20
    scheduler, sigmas = stock_scheduler(steps, 3.0), schedule.sigmas(steps, 3.0)
    generator = torch.Generator().manual_seed(0)
    theirs = ours = torch.randn(2, 16, 5, 8, 8, generator=generator)
    for step in range(steps):
        velocity = torch.randn(theirs.shape, generator=generator).to(dtype)
        theirs = scheduler.step(velocity, scheduler.timesteps[step], theirs, return_dict=False)[0]
        ours = schedule.euler_step(ours, velocity, sigmas[step], sigmas[step + 1])
        assert torch.equal(ours, theirs) and ours.dtype == theirs.dtype


def test_euler_step_in_another_dtype_is_that_of_its_rounded_numbers():
    latents, velocity = torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(0)).bfloat16()
    sigma, sigma_next = torch.tensor(0.7), torch.tensor(0.4)
    found = schedule.euler_step(latents.float(), velocity, sigma, sigma_next, torch.bfloat16)
    expected = latents.double() + (sigma_next.double() - sigma.double()) * velocity.double()
    assert found.dtype == torch.bfloat16 and (found.double() - expected).abs().max() < 0.03  # two roundings to 8 bits


def test_x0_pred_of_straight_paths_is_x0():
    x0, x1 = torch.randn(2, 3, 4, dtype=torch.float64)
    sigma, sigma_next = torch.tensor(0.7, dtype=torch.float64), torch.tensor(0.4, dtype=torch.float64)
    latents, latents_next = ((1 - s) * x0 + s * x1 for s in (sigma, sigma_next))
    assert torch.allclose(schedule.x0_pred(latents, x1 - x0, sigma), x0)
    assert torch.allclose(schedule.x0_pred_from_pair(latents, latents_next, sigma, sigma_next), x0)


def test_x0_pred_from_stored_latents_is_that_of_the_velocity():
    sigmas = schedule.sigmas(50, 5.0)
    latents, velocity = torch.randn(2, 1, 16, 5, 8, 8)
    for step in range(50):
        sigma, sigma_next = sigmas[step], sigmas[step + 1]
        latents_next = schedule.euler_step(latents, velocity, sigma, sigma_next)
        from_pair = schedule.x0_pred_from_pair(latents, latents_next, sigma, sigma_next)
        # 1e-7 of rounding in the latents over a difference in sigma of at least 0.004
        assert torch.allclose(from_pair, schedule.x0_pred(latents, velocity, sigma), atol=3e-4)
    assert torch.equal(from_pair, latents_next)  # at the last step, exactly the final latents


def test_expert_switches_at_the_boundary_as_in_the_stock_pipeline():
    assert schedule.expert(torch.tensor(900.0), 0.9) == "high"  # >=
    assert schedule.expert(torch.tensor(899.99), 0.9) == "low"
    assert schedule.expert(1.0, None) == "high"
    timesteps = schedule.timesteps(schedule.sigmas(50, 5.0))
    for boundary, last_high in ((0.875, 20), (0.9, 17)):  # the paper's tools, and Wan's own default
        names = [schedule.expert(timestep, boundary) for timestep in timesteps]
        assert names == ["high"] * (last_high + 1) + ["low"] * (49 - last_high)


def test_no_steps_is_bad_input():
    with pytest.raises(InputError, match="steps is 0"):
        schedule.sigmas(0, 3.0)
