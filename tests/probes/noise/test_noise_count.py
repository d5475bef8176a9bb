"""Forwards of noise: as many ran as were planned, and as the closed forms say."""

import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.network import Forwards
from chainofsteps.model.sampling import Sampling
from chainofsteps.probes.count import baseline
from chainofsteps.probes.noise.count import perturbed
from chainofsteps.probes.noise.run import block_tap, sweep
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.probes.noise.spec import NoiseAtFrame, NoiseAtStep
from chainofsteps.run import trajectory
from chainofsteps.run.denoise import GuidedVelocity, initial_latents

GUIDANCE = {1: 1.0, 2: 4.0}  # branches c -> guidance_scale


def at_steps(steps, timing="before", operator="replace"):
    return [NoiseAtStep(step, operator, timing=timing) for step in range(steps)]


def at_frames(frames, steps="all", operator="replace"):
    return [NoiseAtFrame(frame, steps, operator) for frame in range(frames)]


def planned(runs, steps, branches, **options):
    """Forwards of a whole job: the baseline and everything on it."""
    return baseline(steps, branches) + perturbed(runs, steps, branches, **options)


@pytest.fixture(scope="module")
def experts(checkpoint):
    return Experts(checkpoint, Sampling(1, 3.0, device="cpu"))


def ran(experts, runs, steps, branches, frames, similarity=None, with_null=False):
    """Forwards that the network counted in the same job."""
    sampling = Sampling(steps, 3.0, GUIDANCE[branches], device="cpu", batch_size=4)
    shape = (1, 16, frames, 4, 4)
    text = torch.zeros(1, tiny.TEXT_TOKENS, tiny.TEXT_DIM)
    conditioning = Conditioning(text, torch.zeros(1, 20, *shape[2:]), text)
    sigmas, counter = schedule.sigmas(steps, 3.0), Forwards()
    velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter)
    untouched = trajectory.record(velocity, initial_latents(shape, "c", 1), sigmas, "c")
    null = None
    if with_null:  # a run of the trajectory rule, not of the sweep
        uncounted = GuidedVelocity(experts, conditioning, sigmas, sampling)
        null = trajectory.record(uncounted, initial_latents(shape, "c", 2), sigmas, "c")
    similarity = similarity or Similarity()
    tap = block_tap(similarity, steps)
    velocity = GuidedVelocity(experts, conditioning, sigmas, sampling, counter, tap)
    sweep(velocity, untouched, runs, "c", 1, similarity, null, tap)
    return counter.total


SIZES = [(S, F, c) for S in (1, 2, 5) for F in (1, 3) for c in (1, 2)]


@pytest.mark.parametrize(("S", "F", "c"), SIZES)
def test_ran_is_planned_is_the_closed_form(experts, S, F, c):
    s0 = S // 2
    jobs = {
        "baseline": ([], c * S),
        "noise at step, before the forward": (at_steps(S), c * S * (S + 3) // 2),
        "noise at step, after the update": (at_steps(S, "after"), c * S * (S + 1) // 2),
        "noise at frame, at all steps": (at_frames(F), c * S * (F + 1)),
        "noise at frame, at one step": (at_frames(F, (s0,)), c * (S + F * (S - s0))),
    }
    for job, (runs, closed_form) in jobs.items():
        assert planned(runs, S, c).planned == closed_form, job
        assert ran(experts, runs, S, c, F) == closed_form, job
        assert planned(runs, S, c).naive == c * S * (len(runs) + 1), job


@pytest.mark.parametrize("c", [1, 2])
def test_several_operators_share_one_baseline(experts, c):
    S, F = 4, 2
    runs = [
        run
        for operator in ("replace", "renoise", "add")
        for run in at_steps(S, operator=operator) + at_frames(F, operator=operator)
    ]
    closed_form = c * (S + 3 * (S * (S + 1) // 2 + S * F))
    assert planned(runs, S, c).planned == closed_form
    assert ran(experts, runs, S, c, F) == closed_form


@pytest.mark.parametrize("with_null", [True, False])
def test_clean_runs_that_ride_along_are_counted(experts, with_null):
    S, F, c = 4, 2, 2
    runs = at_frames(F, (1,))
    options = {"features": ["x0_pred", "block:0"], "null": with_null}
    riding = 2 * S if with_null else S - 1
    closed_form = c * (S + F * (S - 1) + riding)
    assert planned(runs, S, c, **options).planned == closed_form
    assert ran(experts, runs, S, c, F, Similarity("block:0"), with_null) == closed_form


@pytest.mark.parametrize("run", [NoiseAtStep(5), NoiseAtStep(5, timing="after"), NoiseAtFrame(0, (2, 5))])
def test_a_step_that_does_not_exist_is_not_counted(run):
    with pytest.raises(InputError, match="step 5 is out of range; this run has steps 0 to 4"):
        perturbed([NoiseAtStep(0), run], 5)
