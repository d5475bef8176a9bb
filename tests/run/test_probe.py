"""The loop of all probes, on a probe small enough to reckon by hand; and that no other loop exists."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch

import chainofsteps
from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.probes.ensemble.run import Ensembles
from chainofsteps.probes.noise.run import Sweep, SweepState
from chainofsteps.probes.swap.run import SwapState, SwapSweep
from chainofsteps.run.denoise import Plain, PlainState
from chainofsteps.run.probe import Probe, StepState, advance
from chainofsteps.run.trajectory import Recording

STEPS = 4
SIGMAS = schedule.sigmas(STEPS, 3.0)
NOISE = torch.randn(2, 3, 2, 4, 4, generator=torch.Generator().manual_seed(0))


@dataclass(frozen=True)
class Doubled(Probe[PlainState, torch.Tensor]):
    """Waits at step 0, and then takes twice the network's velocity."""

    sigmas: torch.Tensor = SIGMAS
    State: ClassVar[type] = PlainState

    def begin(self):
        return PlainState(0, NOISE)

    def latents(self, state, step):
        return state.latents[: 0 if step == 0 else None]

    def velocity_at(self, velocity, state, latents, step):
        assert state.step == step and torch.equal(state.latents, latents)
        return 2 * velocity(latents, step)

    def after(self, state, seen, updated):
        return PlainState(seen.step + 1, state.latents if seen.step == 0 else updated)

    def result(self, state):
        return state.latents


def calls_of(name):
    """Modules of the package and how often each calls a function of this name."""
    package, calls = Path(chainofsteps.__file__).parent, {}
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                module = path.relative_to(package).as_posix()
                calls[module] = calls.get(module, 0) + 1
    return calls


def test_the_package_has_a_single_euler_step():
    assert calls_of("euler_step") == {"run/probe.py": 1}


def test_every_probe_is_stepped_by_the_loop():
    for probe in (Plain, Recording, Sweep, SwapSweep, Ensembles):
        assert Probe in probe.__mro__ and not hasattr(probe, "advance")


def test_the_hook_is_the_velocity_of_the_step_and_an_empty_batch_costs_no_forward():
    ran, seen, probe = [], [], Doubled()

    def network(latents, step):
        ran.append((step, len(latents)))
        return torch.sin(latents) * (step + 1)

    expected = NOISE
    for step in range(1, STEPS):
        expected = expected + (SIGMAS[step + 1] - SIGMAS[step]) * (2 * torch.sin(expected) * (step + 1))
    assert torch.equal(probe.result(advance(probe, network, probe.begin(), on_step=seen.append)), expected)
    assert ran == [(1, 2), (2, 2), (3, 2)]
    assert [(state.step, len(state.latents)) for state in seen] == [(0, 0), (1, 2), (2, 2), (3, 2)]
    for state in seen:
        assert isinstance(state, StepState) and state.sigma == SIGMAS[state.step]
        assert torch.equal(state.x0_pred, state.latents - state.sigma * state.velocity)


@pytest.mark.parametrize("split", range(STEPS + 1))
def test_a_saved_state_goes_on_with_the_same_bits(split):
    probe, network = Plain(NOISE, SIGMAS, "c"), lambda latents, step: torch.sin(latents) * (step + 1)
    begun = probe.resume({})
    assert begun.step == 0 and torch.equal(begun.latents, NOISE)
    state = probe.resume(advance(probe, network, begun, split).to_tensors())
    assert state.step == split and torch.equal(begun.latents, NOISE)
    assert torch.equal(advance(probe, network, state).latents, advance(probe, network, begun).latents)


@pytest.mark.parametrize("state", [PlainState, SweepState, SwapState])
def test_a_state_without_its_step_is_refused(state):
    with pytest.raises(InputError, match="saved by an earlier version; delete its"):
        state.from_tensors({"latents": NOISE, "source": NOISE, "dissimilarity": NOISE})


@pytest.mark.parametrize(("start", "stop"), [(0, STEPS + 1), (3, 2), (-1, 2)])
def test_steps_outside_the_schedule_are_refused_before_anything_runs(start, stop):
    with pytest.raises(InputError, match=f"steps {start} to {stop} are out of range: the schedule has 4 steps, 0 to 3"):
        advance(Doubled(), None, PlainState(start, NOISE), stop)


def test_a_plain_run_stops_at_the_step_whose_latents_are_not_finite():
    ran = []

    def network(latents, step):
        ran.append(step)
        return latents * (float("nan") if step == 1 else 0.1)

    plain = Plain(NOISE, SIGMAS, "maze/00003")
    with pytest.raises(InputError, match="case maze/00003, step 1, intervention baseline"):
        advance(plain, network, plain.begin())
    assert ran == [0, 1]
