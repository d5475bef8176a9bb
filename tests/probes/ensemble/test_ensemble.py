import math
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import network, schedule
from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.network import Forwards
from chainofsteps.probes.ensemble import count
from chainofsteps.probes.ensemble import spec as windows
from chainofsteps.probes.ensemble.merge import carried_on, merged_velocity
from chainofsteps.probes.ensemble.run import Ensembles, Start, finals_of
from chainofsteps.probes.ensemble.spec import CARRIES, MODES, OF_FINALS, OF_LATENTS, Ensemble
from chainofsteps.run.denoise import GuidedVelocity, initial_latents
from chainofsteps.run.probe import advance
from chainofsteps.run.trajectory import record

LAYERS, STEPS, K = 4, 4, 3
SHAPE = (1, 16, 3, 4, 4)
GUIDANCE = {1: 1.0, 2: 4.0}  # branches c -> guidance_scale


@pytest.fixture(scope="module")
def model():
    return tiny.transformer(seed=5, layers=LAYERS)


def conditioning():
    source = torch.Generator().manual_seed(3)
    texts = [torch.randn(1, tiny.TEXT_TOKENS, tiny.TEXT_DIM, generator=source) for _ in range(2)]
    return Conditioning(texts[0], torch.randn(1, 20, *SHAPE[2:], generator=source), texts[1])


def velocity_of(model, branches=1, counter=None, steps=STEPS, batch_size=64):
    sampling = tiny.sampling(steps=steps, guidance_scale=GUIDANCE[branches], batch_size=batch_size)
    experts = SimpleNamespace(at=lambda timestep: model)
    return GuidedVelocity(experts, conditioning(), schedule.sigmas(steps, 3.0), sampling, counter)


def seeds_of(velocity, seeds=K):
    noises = [initial_latents(SHAPE, "c", seed) for seed in range(1, seeds + 1)]
    return [record(velocity, noise, velocity.sigmas, "c") for noise in noises]


def by_name(ensembles, velocity, seeds, stop=STEPS):
    probe = Ensembles(ensembles, seeds, conditioning(), "c")
    return probe.result(advance(probe, velocity, probe.begin(), stop))


def slowly(velocity, run, latents, step):
    """All K streams through all layers, edited in every layer of the window, both branches: the carried velocity."""
    model = velocity.experts.at(0)

    def edit(layer, hidden):
        mean = hidden.mean(dim=0, keepdim=True)
        if not run.first <= layer <= run.last:
            return hidden
        return mean.expand_as(hidden) if run.mode == "mean" else (1 - run.weight) * hidden + run.weight * mean

    ends = {}
    for branch in velocity.branches:
        stream = velocity.stream(latents, step, branch)
        walked = network.walk(model, stream, stop=run.last + 1, edit=edit)
        if run.carry == "mean":
            hidden = walked.hidden_states.mean(dim=0, keepdim=True).expand_as(walked.hidden_states)
            walked = replace(walked, hidden_states=hidden)
        ends[branch] = network.head(model, network.walk(model, walked, run.last + 1))[:1]
    carried = latents[:1] if run.carry == "first" else latents.mean(dim=0, keepdim=True)
    return carried, velocity.combined(ends, carried, step)


WINDOWS = [(0, 0), (0, 3), (1, 2), (3, 3)]


@pytest.mark.parametrize("branches", [1, 2])
def test_merged_streams_are_those_of_the_long_way(model, branches):
    """Each window, mode and carry, all in one walk, against K whole streams edited in every layer of the window."""
    velocity, noises = velocity_of(model, branches), torch.cat([initial_latents(SHAPE, "c", k) for k in range(K)])
    runs = windows.distinct(
        Ensemble(*window, mode, 0.3, carry) for window, mode, carry in product(WINDOWS, MODES, CARRIES)
    )
    going = carried_on(runs, noises[:1], noises[1:])
    velocities = merged_velocity(velocity, runs, going, noises[:1], noises[1:], 0)
    plain = velocity(noises[:1], 0)
    for run, latents, merged in zip(runs, going, velocities, strict=True):
        carried, expected = slowly(velocity, run, noises, 0)
        assert torch.allclose(latents[None], carried, atol=1e-6)
        assert torch.allclose(merged[None], expected, atol=1e-4), run
        assert not torch.allclose(merged[None], plain, atol=1e-3), run  # it does something


def test_later_layers_of_a_mean_do_nothing(model):
    """The long way with a mean in every layer of the window, and with one in its first layer alone."""
    velocity, noises = velocity_of(model), torch.cat([initial_latents(SHAPE, "c", k) for k in range(K)])
    velocities = [slowly(velocity, Ensemble(1, last), noises, 0)[1] for last in (1, 2, 3)]
    assert all(torch.allclose(v, velocities[0], atol=1e-5) for v in velocities)
    blends = [slowly(velocity, Ensemble(1, last, "blend"), noises, 0)[1] for last in (1, 2, 3)]
    assert not torch.allclose(blends[0], blends[1], atol=1e-4)  # of a blend they do


def test_seeds_that_are_one_seed_change_nothing(model):
    velocity = velocity_of(model)
    one = seeds_of(velocity, 1) * K
    runs = [Ensemble(*window, mode, carry=carry) for window, mode, carry in product(WINDOWS, MODES, CARRIES)]
    found = by_name(runs, velocity, one)
    for run in runs:
        assert torch.allclose(found[run.name()][None], one[0].at(STEPS), atol=1e-4)


def test_only_the_carried_run_goes_on_after_the_merged_steps(model):
    """Step by step by hand: merged at steps 1 and 3 with the other seeds' stored latents, plain at 2."""
    velocity, run = velocity_of(model), Ensemble(1, 2, "blend", 0.5, "first", (1, 3))
    seeds, sigmas = seeds_of(velocity), velocity.sigmas
    latents = seeds[0].at(1)  # before the first merged step it is the first seed's own run
    for step in (1, 2, 3):
        together = torch.cat([latents, *(seed.at(step) for seed in seeds[1:])])
        v = velocity(latents, step) if step == 2 else slowly(velocity, run, together, step)[1]
        latents = schedule.euler_step(latents, v, sigmas[step], sigmas[step + 1])
    assert torch.allclose(by_name([run], velocity, seeds)[run.name()][None], latents, atol=1e-5)


@pytest.mark.parametrize("branches", [1, 2])
def test_steps_are_those_by_hand_bit_for_bit(model, branches):
    """Merged at steps 1 and 3, plain at 2; before, the first seed's own run. The baselines run beside them."""
    velocity = velocity_of(model, branches)
    seeds, sigmas = seeds_of(velocity), velocity.sigmas
    runs = windows.distinct(Ensemble(*w, m, 0.3, c, (1, 3)) for w, m, c in product(WINDOWS, MODES, CARRIES))
    probe = Ensembles(runs, seeds, conditioning(), "c")
    ours, baselines = seeds[0].at(1), probe.begin().latents[len(runs) :]
    for step in range(STEPS):
        pair = sigmas[step : step + 2]
        others = torch.cat([seed.at(step) for seed in seeds[1:]])
        if step == 2:
            both = torch.cat([ours, baselines])
            both = schedule.euler_step(both, velocity(both, step), *pair)
            ours, baselines = both[: len(runs)], both[len(runs) :]
            continue
        baselines = schedule.euler_step(baselines, velocity(baselines, step), *pair)
        if step in (1, 3):
            going = carried_on(runs, ours, others)
            ours = schedule.euler_step(going, merged_velocity(velocity, runs, going, ours, others, step), *pair)
    assert torch.equal(advance(probe, velocity, probe.begin()).latents, torch.cat([ours, baselines]))


def test_an_ensemble_among_others_is_that_ensemble_alone_bit_for_bit(model):
    velocity = velocity_of(model, batch_size=1)
    seeds, steps = seeds_of(velocity), (0, 2)
    runs = windows.distinct(Ensemble(*w, m, 0.3, c, steps) for w, m, c in product(WINDOWS, MODES, CARRIES))
    together = by_name(runs, velocity, seeds)
    for run in runs:
        assert torch.equal(together[run.name()], by_name([run], velocity, seeds)[run.name()]), run


def test_baselines_start_from_the_mean_of_the_noises(model):
    velocity = velocity_of(model)
    seeds = seeds_of(velocity)
    whole = Ensembles([Ensemble(1, 2)], seeds, conditioning(), "c")
    begun = dict(zip(whole.names, whole.begin().latents, strict=True))
    literal, rescaled = (begun[name] for name in OF_LATENTS)
    assert torch.allclose(literal, torch.cat([seed.at(0) for seed in seeds]).mean(dim=0))
    assert literal.std().item() == pytest.approx(1 / math.sqrt(K), rel=0.1)
    assert rescaled.std().item() == pytest.approx(1, rel=0.1)
    expected = record(velocity, rescaled[None], velocity.sigmas, "c").at(STEPS)
    assert torch.allclose(by_name([Ensemble(1, 2)], velocity, seeds)[OF_LATENTS[1]][None], expected, atol=1e-5)
    finals = {number: seed.at(STEPS) for number, seed in enumerate(seeds, start=1)}
    named = finals_of(finals, {"one": finals[1][0]})
    assert torch.allclose(named[OF_FINALS], sum(finals.values()) / K, atol=1e-6)
    assert torch.equal(named["seed2"], finals[2]) and torch.equal(named["one"], finals[1])


def test_a_case_can_stop_between_any_two_steps(model):
    velocity, runs = velocity_of(model), [Ensemble(0, 1, "blend", steps=(0, 2)), Ensemble(2, 3, steps=(0, 2))]
    seeds = seeds_of(velocity)
    probe = Ensembles(runs, seeds, conditioning(), "c")
    state = probe.begin()
    for stop in (1, 3, STEPS):
        state = advance(probe, velocity, probe.resume(state.to_tensors()), stop)
        assert state.step == stop
    assert torch.equal(state.latents, advance(probe, velocity, probe.begin()).latents)


@pytest.mark.parametrize("kind", ["wan2.1-i2v", "wan2.2-ti2v"])
def test_every_kind_of_model_can_be_merged(checkpoint_of, kind):
    """The first frame through CLIP, or as a latent frame that stays with timesteps of its own."""
    settings = tiny.sampling(steps=2, guidance_scale=3.0, max_sequence_length=512)
    folder = checkpoint_of(kind)
    velocity, given = tiny.guided_velocity(folder, settings), tiny.conditioning(folder, settings)
    runs = [Ensemble(0, 1, "blend"), Ensemble(1, 1), Ensemble(0, 0, carry="mean")]

    def made(numbers):
        noises = [given.begin(initial_latents(given.latents_shape, "c", number)) for number in numbers]
        seeds = [record(velocity, noise, velocity.sigmas, "c") for noise in noises]
        probe = Ensembles(runs, seeds, given, "c")
        return seeds[0].at(2)[0], advance(probe, velocity, probe.begin()).latents

    own, same = made([1, 1])
    assert all(torch.allclose(one, own, atol=1e-4) for one in same[: len(runs)])
    own, other = made([1, 2])
    assert not any(torch.allclose(one, own, atol=1e-4) for one in other)
    if kind == "wan2.2-ti2v":  # in the baselines too, whose mean is rescaled
        assert torch.allclose(other[:, :, :1], given.condition.expand(len(other), -1, -1, -1, -1), atol=1e-5)


MANY = [Ensemble(*window, mode) for window, mode in product(WINDOWS, MODES)]


@pytest.mark.parametrize("branches", [1, 2])
@pytest.mark.parametrize("runs", [[Ensemble(1, 3)], [Ensemble(1, 2, "blend", carry="mean")], MANY], ids=["1", "2", "8"])
@pytest.mark.parametrize("steps", [(0,), (2,), (0, 1, 3)])
def test_forwards_that_ran_are_planned_and_the_formula(model, branches, runs, steps):
    seeds, counter = seeds_of(velocity_of(model, branches)), Forwards()
    runs = [replace(run, steps=steps) for run in runs]
    by_name(runs, velocity_of(model, branches, counter, batch_size=3), seeds)
    planned = count.ensembles(runs, K, STEPS, LAYERS, branches).planned
    formula = branches * (count.merged_forwards(runs, K, STEPS, LAYERS) + 2 * STEPS)
    assert counter.total == pytest.approx(planned) == pytest.approx(float(formula))


def test_one_mean_costs_the_floor(model):
    seeds, counter = seeds_of(velocity_of(model, 2)), Forwards()
    by_name([Ensemble(1, 3)], velocity_of(model, 2, counter), seeds)
    assert counter.total - 2 * 2 * STEPS == pytest.approx(2 * (STEPS - 1 + (K * 2 + LAYERS - 2) / LAYERS))


@pytest.mark.parametrize("branches", [1, 2])
def test_without_controls_an_ensemble_needs_of_the_other_seeds_their_noise_alone(model, branches):
    """And is the same run, bit for bit, for the forwards of the ensembles and no more."""
    counter = Forwards()
    velocity = velocity_of(model, branches, counter, batch_size=1)
    seeds = seeds_of(velocity_of(model, branches))
    runs = windows.distinct(MANY)
    whole = by_name(runs, velocity_of(model, branches, batch_size=1), seeds)
    starts = [seeds[0], *(Start(seed.at(0)) for seed in seeds[1:])]
    probe = Ensembles(runs, starts, conditioning(), "c", controls=False)
    alone = probe.result(advance(probe, velocity, probe.begin()))
    assert set(alone) == {run.name() for run in runs}
    assert all(torch.equal(alone[name], whole[name]) for name in alone)
    assert counter.total == pytest.approx(count.ensembles(runs, K, STEPS, LAYERS, branches, controls=False).planned)
    later = Ensembles([Ensemble(0, 1, steps=(1,))], starts, conditioning(), "c", controls=False)
    with pytest.raises(InputError, match="step 1 of another seed was not run; set ensemble.controls to true"):
        advance(later, velocity, later.begin())


def test_what_cannot_be_is_refused(model):
    velocity = velocity_of(model)
    seeds = seeds_of(velocity)
    with pytest.raises(InputError, match="1 seed; give at least two"):
        Ensembles([Ensemble(0, 1)], seeds[:1], conditioning(), "c")
    with pytest.raises(InputError, match="2 sets of steps"):
        Ensembles([Ensemble(0, 1), Ensemble(0, 1, steps=(1,))], seeds, conditioning(), "c")
    with pytest.raises(InputError, match="step 4 is out of range; there are 0 to 3"):
        Ensembles([Ensemble(0, 1, steps=(4,))], seeds, conditioning(), "c")
    with pytest.raises(InputError, match="layer 4 is out of range; the model has layers 0 to 3"):
        by_name([Ensemble(2, 4, "blend")], velocity, seeds)
