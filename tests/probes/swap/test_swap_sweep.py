from dataclasses import replace

import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import network, schedule
from chainofsteps.model.load import Experts
from chainofsteps.model.network import Forwards
from chainofsteps.probes.swap.count import same_text_forwards, swap_forwards
from chainofsteps.probes.swap.layers import MODES, Swap, swapped_hidden_states, token_mask
from chainofsteps.probes.swap.run import SwapSweep, same_text
from chainofsteps.run.denoise import GuidedVelocity, denoise, initial_latents
from chainofsteps.run.probe import advance
from chainofsteps.run.trajectory import record

STEPS, LAYERS = 4, tiny.LAYERS
PARTS = {"objects": {"frames": "all", "rows": [1, 2]}, "first": {"frames": ["first"], "rows": "all"}}
SHAPE = (1, 16, 3, 8, 8)


class Pair:
    """A source and a target that differ in their text, on a tiny model: velocities, clean runs, one counter."""

    def __init__(self, folder, guidance_scale=1.0, batch_size=5, boundary=None):
        sampling = tiny.sampling(
            steps=STEPS, guidance_scale=guidance_scale, batch_size=batch_size, boundary=boundary, max_sequence_length=24
        )
        self.sigmas, self.counter = schedule.sigmas(STEPS, 3.0), Forwards()
        experts = Experts(folder, sampling)
        one = tiny.conditioning(folder, replace(sampling, guidance_scale=5.0))
        one = replace(one, condition=one.condition[:, :, : SHAPE[2]])
        text = torch.randn(one.prompt_embeds.shape, generator=torch.Generator().manual_seed(9))
        self.velocities = [
            GuidedVelocity(experts, given, self.sigmas, sampling, self.counter)
            for given in (one, replace(one, prompt_embeds=text))
        ]
        noise = initial_latents(SHAPE, "c", 1)
        self.target, self.source = (record(v, noise, self.sigmas, "c") for v in self.velocities)
        self.other = record(self.velocities[0], initial_latents(SHAPE, "c", 2), self.sigmas, "c")
        self.ran = self.counter.total

    def sweep(self, swaps, stored=False, to_the_end=MODES, stops=(None,)):
        target, source = self.velocities
        sweep = SwapSweep(self.target, self.source if stored else None, source, swaps, PARTS, "c", to_the_end)
        state = sweep.begin()
        for stop in stops:
            state = advance(sweep, target, sweep.resume(state.to_tensors()), stop)
        ran, self.ran = self.counter.total - self.ran, self.counter.total
        return state, ran


@pytest.fixture(scope="module")
def pair(checkpoint):
    return Pair(checkpoint)


SETS = [(0,), (0, 1, 2), (2,)]
OF_MODES = [(mode, part) for mode in MODES for part in (PARTS if mode == "tokens" else [""])]
ALL = [Swap(layer, mode, steps, part=part) for steps in SETS for mode, part in OF_MODES for layer in range(LAYERS)]
WIDE = [Swap(0, mode, steps, LAYERS, part) for steps in SETS for mode, part in OF_MODES]
ALL += WIDE


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("to_the_end", [(), ("residual",), MODES])
def test_ran_is_planned(pair, stored, to_the_end):
    for chosen in (ALL, ALL[-1:], WIDE, WIDE[2:3], [Swap(0, steps=(1, 3))]):
        _, ran = pair.sweep(chosen, stored, to_the_end)
        assert ran == pytest.approx(float(swap_forwards(chosen, STEPS, LAYERS, 1, stored, to_the_end)))


def test_guidance_swaps_both_branches(checkpoint):
    guided = Pair(checkpoint, guidance_scale=4.0)
    state, ran = guided.sweep(ALL)
    assert ran == pytest.approx(float(swap_forwards(ALL, STEPS, LAYERS, 2)))
    after = state.latents[Swap(LAYERS - 1, "full", (0,)).name()]
    expected = denoise(guided.velocities[0], guided.source.at(1), guided.sigmas, 1)
    assert torch.allclose(after, expected, atol=1e-4)


def test_the_source_runs_along_as_it_ran_alone(pair):
    """Whether its clean run is stored or not, the swapped runs come out the same."""
    along, stored = (pair.sweep(ALL, stored)[0] for stored in (False, True))
    assert along.x0_pred.keys() == stored.x0_pred.keys() == {one.name() for one in ALL}
    for name, latents in along.latents.items():
        assert torch.allclose(latents, stored.latents[name], atol=1e-5), name
    assert torch.allclose(along.source, pair.source.at(2), atol=1e-5)  # its step 2 needs no next


def test_full_at_the_last_layer_is_the_sources_velocity(pair):
    """At step 0 both have the same latents: the swapped run makes the source's step, and then the target's own."""
    state, _ = pair.sweep(ALL)
    last = Swap(LAYERS - 1, "full", (0,)).name()
    assert torch.allclose(state.x0_pred[last], pair.source.x0_pred(0), atol=1e-5)
    assert torch.allclose(
        state.latents[last], denoise(pair.velocities[0], pair.source.at(1), pair.sigmas, 1), atol=1e-4
    )
    first = Swap(0, "full", (0,)).name()
    assert not torch.allclose(state.x0_pred[first], pair.source.x0_pred(0), atol=1e-5)


def test_a_set_of_all_steps_full_at_the_last_layer_is_the_sources_run(pair):
    every = [Swap(LAYERS - 1, "full", tuple(range(STEPS)))]
    state, _ = pair.sweep(every)
    # each step adds the source's velocity at the source's own latents, from the same noise on
    assert torch.allclose(state.latents[every[0].name()], pair.source.latents[-1:], atol=1e-4)


def alone(pair, run):
    """Final latents and last swapped x0_pred of a swap, by hand: from the start, a single stream at a time."""
    (target, source), x = pair.velocities, pair.target.at(0)
    for step, (sigma, sigma_next) in enumerate(zip(pair.sigmas[:-1], pair.sigmas[1:], strict=True)):
        velocity = target(x, step)
        if step in run.steps:
            model = target.model_at(step)
            streams = [v.stream(latents, step, "cond") for v, latents in ((source, pair.source.at(step)), (target, x))]
            mask = token_mask(streams[0].grid, **PARTS[run.part]) if run.part else None
            before = [network.walk(model, stream, 0, run.layer) for stream in streams]
            for layer in range(run.layer, run.last + 1):
                after = [network.walk(model, stream, layer, layer + 1) for stream in before]
                states = [(a.hidden_states, b.hidden_states) for a, b in zip(before, after, strict=True)]
                hidden = swapped_hidden_states(run.mode, *states, mask)
                before = [after[0], replace(after[1], hidden_states=hidden)]
            end = network.walk(model, before[1], run.last + 1)
            velocity = target.combined({"cond": network.head(model, end)}, x, step)
            x0_pred = schedule.x0_pred(x, velocity, sigma)
        x = schedule.euler_step(x, velocity, sigma, sigma_next)
    return x, x0_pred


@pytest.mark.parametrize("stored", [False, True])
def test_each_swap_is_that_swap_alone_bit_for_bit(checkpoint, stored):
    single = Pair(checkpoint, batch_size=1)
    every = [*ALL, Swap(0, "residual", (1, 3)), Swap(1, "tokens", (0, 3), part="objects")]
    state, _ = single.sweep(every, stored)
    for run in every:
        final, x0_pred = alone(single, run)
        assert torch.equal(state.latents[run.name()], final), run
        assert torch.equal(state.x0_pred[run.name()], x0_pred), run


def test_residual_in_a_set_is_done_by_hand(pair):
    one, step = Swap(0, "residual", (0, 1)), 1
    swapped, _ = pair.sweep([one], stops=(1,))
    (before,) = swapped.latents.values()
    target, source = pair.velocities
    model = target.model_at(step)
    streams = [v.stream(x, step, "cond") for v, x in ((target, before), (source, pair.source.at(step)))]
    walked = [network.walk(model, stream, 0, 1) for stream in streams]
    hidden = streams[0].hidden_states + walked[1].hidden_states - streams[1].hidden_states
    rest = network.walk(model, replace(walked[0], hidden_states=hidden), 1)
    velocity = target.combined({"cond": network.head(model, rest)}, before, step)
    expected = schedule.euler_step(before, velocity, *pair.sigmas[step : step + 2])
    state, _ = pair.sweep([one], stops=(2,))
    assert torch.allclose(state.latents[one.name()], expected, atol=1e-5)


def test_a_state_that_was_saved_goes_on(pair):
    """Stopped where the experts change, and in batches of another size: the same runs."""
    whole, parts = pair.sweep(ALL)[0], pair.sweep(ALL, stops=(2, None))[0]
    assert whole.latents.keys() == parts.latents.keys() == {one.name() for one in ALL}
    for name in whole.latents:
        assert torch.equal(whole.latents[name], parts.latents[name])


def test_two_experts_swap_within_their_own_steps(checkpoint_two):
    two = Pair(checkpoint_two, boundary=tiny.BOUNDARY)
    _, ran = two.sweep(ALL)
    assert ran == pytest.approx(float(swap_forwards(ALL, STEPS, LAYERS)))


def test_without_the_final_video_runs_end_with_their_last_swap(pair):
    state, _ = pair.sweep(ALL, to_the_end=())
    assert not state.latents and len(state.x0_pred) == len(ALL)
    some, whole = pair.sweep(ALL, to_the_end=("tokens",))[0], pair.sweep(ALL)[0]
    assert some.latents.keys() == {one.name() for one in ALL if one.mode == "tokens"}
    assert some.x0_pred.keys() == whole.x0_pred.keys()


def test_full_is_degenerate_with_the_same_text_and_not_without(pair):
    found = same_text(pair.velocities[0], pair.other.at(0), pair.target.at(0), 0, range(LAYERS))
    assert found == [0.0] * LAYERS
    ran, pair.ran = pair.counter.total - pair.ran, pair.counter.total
    assert ran == pytest.approx(float(same_text_forwards(range(LAYERS), LAYERS)))


def test_runs_from_different_noise_are_no_pair(pair):
    with pytest.raises(InputError, match="start from different noise"):
        SwapSweep(pair.target, pair.other, pair.velocities[1], ALL, PARTS, "c")


@pytest.mark.parametrize("kind", ["wan2.2-i2v", "wan2.2-ti2v"])
def test_a_source_with_a_first_frame_of_its_own_runs_as_it_ran_alone(checkpoint_of, kind):
    """Beside the latents or in them: all steps of full at the last layer, from the target's noise, are the source's."""
    folder, sampling = checkpoint_of(kind), tiny.sampling(steps=STEPS, batch_size=5)
    sigmas, counter, experts = schedule.sigmas(STEPS, 3.0), Forwards(), Experts(folder, sampling)
    one = tiny.conditioning(folder, sampling)
    text = torch.randn(one.prompt_embeds.shape, generator=torch.Generator().manual_seed(9))
    other = replace(one, prompt_embeds=text, condition=one.condition.flip(-1) - 0.5)
    target, source = (GuidedVelocity(experts, given, sigmas, sampling, counter) for given in (one, other))
    noise = one.begin(initial_latents(one.latents_shape, "c", 1))
    start = other.begin(noise)
    assert torch.equal(start, noise) == (kind == "wan2.2-i2v")
    clean, alone = record(target, noise, sigmas, "c"), record(source, start, sigmas, "c")
    every = Swap(LAYERS - 1, "full", tuple(range(STEPS)))
    for stored in (None, alone):
        sweep = SwapSweep(clean, stored, source, [every, Swap(0)], {}, "c", source_start=start)
        state = advance(sweep, target, sweep.begin())
        assert torch.allclose(state.source, alone.at(STEPS - 1), atol=1e-4)
        made = (slice(None), slice(None), slice(1, None))  # the first latent frame is held to its own case's
        assert torch.allclose(state.latents[every.name()][made], alone.latents[-1:][made], atol=1e-3)
    with pytest.raises(InputError, match="start from different noise"):
        SwapSweep(
            clean, record(source, initial_latents(one.latents_shape, "c", 2), sigmas, "c"), source, [every], {}, "c"
        )
