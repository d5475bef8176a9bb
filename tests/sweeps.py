"""Interventions the plain way, each from the start and alone, which the sweep of all is held against."""

import itertools

import torch

from chainofsteps.model import schedule
from chainofsteps.probes.noise.inject import apply, noise_of
from chainofsteps.probes.noise.spec import NoiseAtFrame, NoiseAtStep
from chainofsteps.run import trajectory
from chainofsteps.run.denoise import initial_latents

STEPS = 5
SHAPE = (1, 16, 5, 8, 8)
SIGMAS = schedule.sigmas(STEPS, 3.0)
CASE, SEED = "maze-00000", 1


def analytic(latents, step):
    """A velocity that mixes positions, frames and steps, item by item: the bits of an item do not see its
    batch."""
    neighbours = latents.roll(1, dims=2) - 0.5 * latents.roll(1, dims=-1)
    return torch.tanh(neighbours) * (step + 1) / 3 + 0.2 * latents


def record(velocity, seed=SEED, sigmas=SIGMAS, shape=SHAPE):
    return trajectory.record(velocity, initial_latents(shape, CASE, seed), sigmas, CASE)


def alone(velocity, run, sigmas=SIGMAS, shape=SHAPE, seed=SEED):
    """The latents of all steps of one intervention, from the start, one at a time: after each update and
    edit behind it."""
    x, x0_pred, kept = initial_latents(shape, CASE, seed), None, []
    for step in range(len(sigmas) - 1):
        eps = noise_of(run, step, CASE, seed, shape[1:])
        if run.timing == "before":
            x = apply(run, step, x, sigmas[step], x0_pred, eps)
        updated = schedule.euler_step(x, velocity(x, step), sigmas[step], sigmas[step + 1])
        x0_pred = schedule.x0_pred_from_pair(x, updated, sigmas[step], sigmas[step + 1])
        x = updated
        if run.timing == "after":
            x = apply(run, step, x, sigmas[step + 1], x0_pred, eps)
        kept.append((x, x0_pred))
    return kept


def every_run(operators=("replace", "renoise", "add"), timings=("before", "after"), amplitude=0.7):
    common = {"amplitude": amplitude, "noise_seed": 9}
    for operator, timing in itertools.product(operators, timings):
        yield from (NoiseAtStep(step, operator, timing=timing, **common) for step in range(STEPS))
        for steps, noise in itertools.product(("all", (1, 3)), ("fixed", "fresh")):
            yield from (NoiseAtFrame(f, steps, operator, timing=timing, noise=noise, **common) for f in (0, 2, 4))
