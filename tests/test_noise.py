"""The sweep against the plain way: each intervention from the start, alone."""

import itertools

import pytest
import tiny
import torch

from chainofsteps import noise as noise_module
from chainofsteps import schedule, trajectory
from chainofsteps.conditioning import Conditioning
from chainofsteps.denoise import GuidedVelocity, initial_latents
from chainofsteps.errors import InputError
from chainofsteps.files import load_tensors, save_tensors
from chainofsteps.interventions import NoiseAtFrame, NoiseAtStep, apply, expand
from chainofsteps.models import Experts
from chainofsteps.noise import Sweep, SweepState, block_tap, noise_of, sweep
from chainofsteps.settings import Sampling
from chainofsteps.similarity import Similarity, token_features
from chainofsteps.taps import Tap, full

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


def test_each_run_of_the_sweep_is_that_run_alone_bit_for_bit():
    runs = list(every_run())
    assert len({run.name() for run in runs}) == len(runs) == 102
    result = sweep(analytic, record(analytic), runs, CASE, SEED)
    assert list(result.latents) == [run.name() for run in runs]
    for run in runs:
        assert torch.equal(result.latents[run.name()], alone(analytic, run)[-1][0][0]), run


def test_before_a_step_is_after_the_step_before():
    runs = [NoiseAtStep(3, "renoise"), NoiseAtStep(2, "renoise", timing="after")]
    before, after = sweep(analytic, record(analytic), runs, CASE, SEED).latents.values()
    assert torch.equal(before, after)


@pytest.mark.parametrize("features", ["latents", "x0_pred"])
def test_rows_are_the_dissimilarity_of_the_runs_alone(features):
    similarity, baseline, null = Similarity(features), record(analytic), record(analytic, seed=2)
    runs = list(every_run(operators=("renoise",)))
    rows = sweep(analytic, baseline, runs, CASE, SEED, similarity, null).rows
    clean = [(baseline.at(step + 1) if features == "latents" else baseline.x0_pred(step)) for step in range(STEPS)]
    expected = []
    for run in runs:
        first = run.first_step if features == "latents" else run.start
        for step in range(first, STEPS):
            perturbed = alone(analytic, run)[step][features == "x0_pred"]
            expected.append((run, step, perturbed))
    for step in range(STEPS):
        other = null.at(step + 1) if features == "latents" else null.x0_pred(step)
        expected.append((None, step, other))
    assert len(rows) == len(expected)
    for row, (run, step, perturbed) in zip(rows, expected, strict=True):
        about = {"run": "reseed", "step": None, "frame": None, "operator": None} if run is None else run.row()
        assert {key: row[key] for key in ("run", "step", "frame", "operator")} == {
            key: about[key] for key in ("run", "step", "frame", "operator")
        }
        assert (row["case"], row["seed"], row["features"], row["later_step"]) == (CASE, SEED, features, step)
        value = similarity.dissimilarity(token_features(perturbed[0]), token_features(clean[step][0]))
        assert row["dissimilarity"] == pytest.approx(float(value), abs=1e-12)


def test_the_noise_depends_on_what_it_is_said_to():
    run = NoiseAtFrame(1, noise_seed=5)
    fresh = NoiseAtFrame(1, noise_seed=5, noise="fresh")
    eps = noise_of(run, 0, CASE, SEED, SHAPE[1:])
    same = [
        noise_of(run, 3, CASE, SEED, SHAPE[1:]),
        noise_of(NoiseAtStep(4, "add", noise_seed=5), 4, CASE, SEED, SHAPE[1:]),
    ]
    other = [
        noise_of(run, 0, "maze-00001", SEED, SHAPE[1:]),
        noise_of(run, 0, CASE, 2, SHAPE[1:]),
        noise_of(NoiseAtFrame(1, noise_seed=6), 0, CASE, SEED, SHAPE[1:]),
        noise_of(fresh, 0, CASE, SEED, SHAPE[1:]),
        noise_of(fresh, 1, CASE, SEED, SHAPE[1:]),
    ]
    assert all(torch.equal(eps, one) for one in same)
    different = [eps, *other]
    assert not any(torch.equal(a, b) for a, b in itertools.combinations(different, 2))
    assert eps.shape == SHAPE[1:] and float(eps.std()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("split", range(STEPS + 1))
def test_a_sweep_resumed_from_a_saved_state_has_the_same_bits(tmp_path, split):
    walk = Sweep(record(analytic), list(every_run()), CASE, SEED, null=record(analytic, seed=2))
    whole = walk.result(walk.advance(analytic, walk.begin()))
    state = walk.advance(analytic, walk.begin(), stop=split)
    save_tensors(tmp_path / "state.safetensors", state.to_tensors(), {})
    loaded = SweepState.from_tensors(load_tensors(tmp_path / "state.safetensors")[0])
    assert loaded.step == split
    resumed = walk.result(walk.advance(analytic, loaded))
    assert resumed.rows == whole.rows
    assert all(torch.equal(resumed.latents[name], latents) for name, latents in whole.latents.items())


def test_advancing_leaves_the_state_it_was_given():
    walk = Sweep(record(analytic), list(every_run()), CASE, SEED)
    state = walk.begin()
    copy = state.latents.clone()
    walk.advance(analytic, state)
    assert torch.equal(state.latents, copy) and state.dissimilarity.isnan().all()


def test_no_result_before_the_end():
    walk = Sweep(record(analytic), [NoiseAtStep(0)], CASE, SEED)
    with pytest.raises(ValueError, match="before step 0 of 5"):
        walk.result(walk.begin())


def test_a_step_runs_only_what_has_started_and_says_how_many():
    sizes, told = [], []

    def counted(latents, step):
        sizes.append(len(latents))
        return analytic(latents, step)

    runs = [NoiseAtStep(step, timing="after") for step in range(STEPS)]
    sweep(counted, record(analytic), runs, CASE, SEED, on_progress=told.append)
    assert sizes == [1, 2, 3, 4]  # nothing has started at step 0, and the last run never needs a forward
    assert told == [0, 1, 2, 3, 4]


def test_nan_names_case_step_and_intervention():
    runs = [NoiseAtStep(1), NoiseAtStep(2)]

    def broken(latents, step):
        v = analytic(latents, step)
        if step == 3:
            v[1] = torch.nan
        return v

    with pytest.raises(InputError) as error:
        sweep(broken, record(analytic), runs, CASE, SEED)
    message = str(error.value)
    assert f"case {CASE}, step 3, intervention {runs[1].name()}" in message and "\n" not in message


def test_nan_in_the_stored_baseline_is_found_before_anything_runs():
    baseline = record(analytic)
    baseline.latents[2, 0, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match=f"case {CASE}, step 1, intervention baseline"):  # whose update made them
        sweep(None, baseline, [NoiseAtStep(0)], CASE, SEED)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (NoiseAtStep(STEPS), "step 5 is out of range; this run has steps 0 to 4"),
        (NoiseAtFrame(1, (0, STEPS)), "step 5 is out of range; this run has steps 0 to 4"),
        (NoiseAtFrame(5), "frame 5 is out of range; this run has frames 0 to 4"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_runs(run, words):
    with pytest.raises(InputError) as error:
        Sweep(record(analytic), [NoiseAtStep(0), run], CASE, SEED)
    assert str(error.value) == f"{run.name()}: {words}"


@pytest.mark.parametrize("features", ["latents", "x0_pred"])
def test_compared_a_few_at_a_time_has_the_same_bits(monkeypatch, features):
    baseline, null, runs = record(analytic), record(analytic, seed=2), list(every_run())[:20]
    at_once = sweep(analytic, baseline, runs, CASE, SEED, Similarity(features), null).rows
    monkeypatch.setattr(noise_module, "COMPARED_ELEMENTS", 3 * baseline.latents[0].numel())
    assert sweep(analytic, baseline, runs, CASE, SEED, Similarity(features), null).rows == at_once


# with a network

NETWORK_RUNS = list(every_run(operators=("replace", "renoise"), timings=("before",), amplitude=1.0))


@pytest.fixture(scope="module")
def conditioning():
    generator = torch.Generator().manual_seed(7)
    return Conditioning(
        prompt_embeds=torch.randn(1, tiny.TEXT_TOKENS, tiny.TEXT_DIM, generator=generator),
        negative_prompt_embeds=torch.randn(1, tiny.TEXT_TOKENS, tiny.TEXT_DIM, generator=generator),
        condition=torch.randn(1, 20, *tiny.LATENTS_SHAPE[2:], generator=generator),
    )


def network(checkpoint, conditioning, **settings):
    sampling = Sampling(**{"steps": STEPS, "shift": 3.0, "device": "cpu", **settings})
    return lambda tap=None: GuidedVelocity(Experts(checkpoint, sampling), conditioning, SIGMAS, sampling, tap=tap)


def test_with_one_item_a_forward_the_bits_are_those_of_the_run_alone(checkpoint, conditioning):
    velocity = network(checkpoint, conditioning, batch_size=1)()
    result = sweep(velocity, record(velocity), NETWORK_RUNS, CASE, SEED)
    for run in NETWORK_RUNS:
        assert torch.equal(result.latents[run.name()], alone(velocity, run)[-1][0][0]), run


def test_with_guidance_and_two_experts_too(checkpoint_two, conditioning):
    settings = {"batch_size": 1, "guidance_scale": 3.0, "boundary": tiny.BOUNDARY}
    velocity = network(checkpoint_two, conditioning, **settings)()
    runs = [
        NoiseAtStep(0, "renoise"),
        NoiseAtStep(3, "renoise"),
        NoiseAtFrame(2, "all", "add", noise="fresh"),
    ]
    result = sweep(velocity, record(velocity), runs, CASE, SEED)
    for run in runs:
        assert torch.equal(result.latents[run.name()], alone(velocity, run)[-1][0][0]), run


def test_in_batches_the_latents_are_those_of_the_run_alone_up_to_rounding(checkpoint, conditioning):
    velocity = network(checkpoint, conditioning, batch_size=8)()
    result = sweep(velocity, record(velocity), NETWORK_RUNS, CASE, SEED)
    for run in NETWORK_RUNS:
        latents = alone(velocity, run)[-1][0][0]
        torch.testing.assert_close(result.latents[run.name()], latents, rtol=1e-5, atol=1e-5)


def test_block_features_are_those_of_the_runs_alone(checkpoint, conditioning):
    similarity = Similarity("block:1")
    make = network(checkpoint, conditioning, batch_size=3, guidance_scale=2.0)
    clean = make()
    baseline, null = record(clean), record(clean, seed=2)
    runs = [NoiseAtStep(1, "renoise"), NoiseAtFrame(2, (2, 3)), NoiseAtStep(3, timing="after")]
    tap = block_tap(similarity, STEPS)
    rows = sweep(make(tap), baseline, runs, CASE, SEED, similarity, null, tap).rows

    def hidden_states(run):
        kept = Tap([1], range(STEPS), "cond", full)
        velocity = make(kept)
        if run is None:
            record(velocity)
        elif run == "null":
            record(velocity, seed=2)
        else:
            alone(velocity, run)
        return [taken[0, 0] for taken in kept.take().values()]

    of_baseline = hidden_states(None)
    expected = [
        float(similarity.dissimilarity(perturbed, of_baseline[step]))
        for run in [*runs, "null"]
        for step, perturbed in enumerate(hidden_states(run))
        if run == "null" or step >= run.start
    ]
    assert [row["dissimilarity"] for row in rows] == pytest.approx(expected, abs=1e-5)
    assert [row["later_step"] for row in rows] == [1, 2, 3, 4, 2, 3, 4, 4, 0, 1, 2, 3, 4]
    assert {row["features"] for row in rows} == {"block:1"}


def test_without_a_null_the_baseline_rides_only_where_a_run_has_started(checkpoint, conditioning):
    similarity = Similarity("block:0")
    tap = block_tap(similarity, STEPS)
    make = network(checkpoint, conditioning)
    velocity, baseline = make(tap), record(make())
    told = []
    rows = sweep(velocity, baseline, [NoiseAtStep(3)], CASE, SEED, similarity, tap=tap, on_progress=told.append).rows
    assert told == [0, 0, 0, 2, 2]
    assert [row["later_step"] for row in rows] == [3, 4]


def test_a_tap_goes_with_block_features_only():
    assert block_tap(Similarity(), STEPS) is None
    with pytest.raises(ValueError, match="a tap goes with features block"):
        Sweep(record(analytic), [NoiseAtStep(0)], CASE, SEED, Similarity("block:0"))


def test_the_whole_configuration_expands_into_a_sweep():
    section = {
        "schemes": ["step", "frame"],
        "operators": ["replace", "renoise", "add"],
        "amplitude": 1.0,
        "timing": "after",
        "noise_seed": 1000,
        "steps": "all",
        "frames": "all",
        "noise": "fresh",
    }
    runs = expand(section, STEPS, SHAPE[2])
    result = sweep(analytic, record(analytic), runs, CASE, SEED)
    assert len(result.latents) == 3 * (STEPS + 5)
