"""The sweep of a network, with guidance, experts and features of a block, against the plain way."""

import pytest
import tiny
import torch
from sweeps import CASE, SEED, SHAPE, SIGMAS, STEPS, alone, analytic, every_run, record

from chainofsteps.model.conditioning import Conditioning
from chainofsteps.model.load import Experts
from chainofsteps.model.sampling import Sampling
from chainofsteps.probes.noise.run import Sweep, block_tap, sweep
from chainofsteps.probes.noise.similarity import Similarity, without_frame
from chainofsteps.probes.noise.spec import NoiseAtFrame, NoiseAtStep
from chainofsteps.run.denoise import GuidedVelocity
from chainofsteps.run.taps import Tap, full

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

    def others(states, run):
        return without_frame(states, getattr(run, "frame", None), SHAPE[2])

    expected = [
        float(similarity.dissimilarity(others(perturbed, run), others(of_baseline[step], run)))
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
    seen = []
    rows = sweep(velocity, baseline, [NoiseAtStep(3)], CASE, SEED, similarity, tap=tap, on_step=seen.append).rows
    assert [len(state.latents) for state in seen] == [0, 0, 0, 2, 2]
    assert [row["later_step"] for row in rows] == [3, 4]


def test_a_tap_goes_with_block_features_only():
    assert block_tap(Similarity(), STEPS) is None
    with pytest.raises(ValueError, match="a tap goes with features block"):
        Sweep(record(analytic), [NoiseAtStep(0)], CASE, SEED, Similarity("block:0"))
