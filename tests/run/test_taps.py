import pytest
import tiny
import torch

from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.run.denoise import denoise, initial_latents
from chainofsteps.run.taps import Tap, full, token_norm


def run(folder, tap, **settings):
    settings = tiny.sampling(**settings)
    velocity = tiny.guided_velocity(folder, settings, tap=tap)
    noise = torch.cat([initial_latents(tiny.LATENTS_SHAPE, "00000", seed) for seed in range(3)])
    return denoise(velocity, noise, schedule.sigmas(settings.steps, settings.shift))


@pytest.mark.parametrize("guidance_scale", [1.0, 5.0])
def test_a_run_with_a_tap_is_the_run_without(checkpoint, guidance_scale):
    plain = run(checkpoint, None, guidance_scale=guidance_scale)
    for reducer in (token_norm, full):
        tap = Tap(range(2), range(5), "both", reducer)
        assert torch.equal(run(checkpoint, tap, guidance_scale=guidance_scale), plain)
        assert len(tap.take()) == 5 * (2 if guidance_scale > 1 else 1)


def test_what_is_kept_is_named_and_shaped(checkpoint):
    tap = Tap([1, 0], [3, 1], "both")
    run(checkpoint, tap, guidance_scale=5.0, batch_size=2)
    kept = tap.take()
    assert sorted(kept) == ["step001-cond", "step001-uncond", "step003-cond", "step003-uncond"]
    assert all(rows.shape == (3, 2, 80) and rows.dtype == torch.float32 for rows in kept.values())
    assert not torch.equal(kept["step001-cond"], kept["step001-uncond"])
    assert tap.take() == {}


def test_norms_are_those_of_the_full_hidden_states(checkpoint):
    norms, everything = Tap([0, 1], [2]), Tap([0, 1], [2], reducer=full)
    run(checkpoint, norms)
    run(checkpoint, everything)
    states, rows = everything.take()["step002-cond"], norms.take()["step002-cond"]
    assert states.shape == (3, 2, 80, 24)
    assert torch.allclose(rows, states.double().norm(dim=-1).float(), rtol=1e-6)
    assert not torch.allclose(rows[:, 0], rows[:, 1])
    one = Tap([1], [2])
    run(checkpoint, one)
    assert torch.equal(one.take()["step002-cond"][:, 0], rows[:, 1])


def test_norms_of_bfloat16_are_summed_in_float32():
    states = torch.full((1, 1, 5120), 3.0, dtype=torch.bfloat16)
    assert token_norm(states).item() == pytest.approx(3 * 5120**0.5, rel=1e-6)


def test_size_is_said_beforehand(checkpoint):
    for reducer in (token_norm, full):
        tap = Tap([0, 1], [0, 4], "cond", reducer)
        said = tap.nbytes(batch=3, tokens=80, width=24)
        run(checkpoint, tap)
        assert said == sum(rows.nbytes for rows in tap.take().values())


@pytest.mark.parametrize(
    ("layers", "steps", "message"),
    [([2], [0], "layer 2 is out of range: there are layers 0 to 1"), ([0], [-1], "step -1 is out of range")],
)
def test_layers_and_steps_out_of_range(checkpoint, layers, steps, message):
    with pytest.raises(InputError, match=message):
        run(checkpoint, Tap(layers, steps))


def test_unknown_branch():
    with pytest.raises(InputError, match="branch is 'positive': choose cond, uncond or both"):
        Tap([0], [0], "positive")
