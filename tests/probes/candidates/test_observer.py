"""Planted truth: blends with known weights, and an exact ideal denoiser that the engine runs as a velocity."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.probes.candidates.observer import (
    Candidates,
    bits_behind,
    commitment_sigma,
    committed,
    gain_bits,
    ideal_x0_pred,
    law_step,
    log_odds_distance,
    mixture_weights,
    observer_weights,
)
from chainofsteps.run.denoise import denoise

SHAPE = (1, 4, 3, 4, 4)
SIZE = int(np.prod(SHAPE))


def planted(count=3, right=None, distance=30.0, seed=0):
    """Candidates at about `distance` from each other."""
    latents = np.random.default_rng(seed).normal(size=(count, SIZE))
    latents *= distance / np.sqrt(2 * SIZE)
    right = np.ones(count, bool) if right is None else np.array(right)
    return Candidates([f"answer {k}" for k in range(count)], right, latents)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda w: sum(w) > 0.1), st.floats(1, 200))
def test_weights_of_a_blend_are_recovered(weights, distance):
    weights = np.array(weights) / sum(weights)
    candidates = planted(len(weights), distance=distance)
    recovered, residual = mixture_weights(candidates, weights @ candidates.latents)
    np.testing.assert_allclose(recovered, weights, atol=1e-3)
    assert residual < 1e-6


def test_what_no_mixture_explains_is_the_residual_and_moves_no_weight():
    candidates = planted(2, distance=10.0)
    across = np.random.default_rng(1).normal(size=SIZE)
    basis, _ = np.linalg.qr((candidates.latents - candidates.latents.mean(0)).T)
    across -= basis @ (basis.T @ across)
    across *= 5.0 / np.linalg.norm(across)
    weights, residual = mixture_weights(candidates, np.array([0.3, 0.7]) @ candidates.latents + across)
    np.testing.assert_allclose(weights, [0.3, 0.7], atol=1e-3)
    assert residual == pytest.approx(5.0 / candidates.spread, rel=1e-3)


def test_weights_are_no_less_than_zero_beyond_the_last_candidate():
    candidates = planted(2)
    beyond = candidates.latents[0] + 0.5 * (candidates.latents[0] - candidates.latents[1])
    weights, residual = mixture_weights(candidates, beyond)
    np.testing.assert_allclose(weights, [1, 0], atol=1e-3)
    assert residual == pytest.approx(0.5, rel=1e-2), "half of the distance between the two lies beyond"


def test_observer_is_the_posterior_by_bayes():
    candidates, rng = planted(3, right=[True, True, False], distance=3.0), np.random.default_rng(2)
    latents, sigma = rng.normal(size=SIZE), 0.8
    densities = np.exp([-(((latents - (1 - sigma) * z) / sigma) ** 2).sum() / 2 for z in candidates.latents])
    np.testing.assert_allclose(observer_weights(candidates, latents, sigma, "all"), densities / densities.sum())
    densities[2] = 0
    np.testing.assert_allclose(observer_weights(candidates, latents, sigma, "right"), densities / densities.sum())


def test_at_sigma_1_the_observer_is_its_prior():
    candidates = planted(4, right=[True, True, True, False])
    latents = np.random.default_rng(0).normal(size=SIZE)
    np.testing.assert_allclose(observer_weights(candidates, latents, 1.0, "right"), [1 / 3, 1 / 3, 1 / 3, 0])
    np.testing.assert_allclose(observer_weights(candidates, latents, 1.0, "all"), np.full(4, 0.25))
    with pytest.raises(InputError, match="sigma is 0"):
        observer_weights(candidates, latents, 0.0, "all")


def ideal_run(candidates, sigmas, seed):
    """Latents (S + 1, N) and x0_pred (S, N) of a run whose network is the ideal denoiser; the engine's own loop."""
    states = []

    def velocity(latents, step):
        sigma = float(sigmas[step])
        clean = ideal_x0_pred(candidates, latents.double().numpy().ravel(), sigma)
        return (latents - torch.from_numpy(clean).view(SHAPE)) / sigma

    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    final = denoise(velocity, noise, sigmas.double(), on_step=states.append)
    latents = np.stack([state.latents.numpy().ravel() for state in states] + [final.numpy().ravel()])
    return latents, np.stack([state.x0_pred.numpy().ravel() for state in states])


def both(candidates, sigmas, seed):
    """Weights (S, K) of the model and of the observer `right` along an ideal run, and the index of its answer."""
    latents, clean = ideal_run(candidates, sigmas, seed)
    model = np.stack([mixture_weights(candidates, of_step)[0] for of_step in clean])
    observer = np.stack(
        [observer_weights(candidates, x, float(s), "right") for x, s in zip(latents, sigmas[:-1], strict=False)]
    )
    return model, observer, candidates.nearest(latents[-1])


def test_an_ideal_denoiser_is_the_observer_and_is_no_bit_behind():
    candidates, sigmas = planted(3, distance=20.0), schedule.sigmas(20, 3.0)
    for seed in range(4):
        model, observer, answer = both(candidates, sigmas, seed)
        np.testing.assert_allclose(model, observer, atol=1e-3)
        assert bits_behind(observer, model).max() < 0.01
        assert model[-1].argmax() == answer == observer[-1].argmax()


@pytest.mark.parametrize("distance", [20.0, 50.0, 100.0])
def test_an_ideal_denoiser_commits_where_the_law_says(distance):
    sigmas, steps = schedule.sigmas(50, 5.0), []
    for seed in range(24):
        model, _, _ = both(planted(2, distance=distance, seed=seed), sigmas, seed + 100)
        steps.append(committed(model[:, model[-1].argmax()]))
    expected = law_step(distance, sigmas[:-1].numpy())
    assert abs(np.median(steps) - expected) <= 1, f"committed at {np.median(steps)}, the law says {expected}"


def test_the_law_has_the_distances_of_its_table():
    assert log_odds_distance(0.95, 0.5) == pytest.approx(2.43, abs=0.005)
    assert log_odds_distance(0.95, 0.95) == pytest.approx(4.58, abs=0.005)
    sigmas = schedule.sigmas(20, 3.0)[:-1].numpy()
    steps = [law_step(distance, sigmas, level=0.95) for distance in (5, 10, 20, 50, 100, 200, 500)]
    assert steps == [12, 9, 6, 3, 2, 1, 1], "half of the runs; 20 steps with shift 3"
    assert commitment_sigma(10.0, rivals=3) < commitment_sigma(10.0), "more rivals, later"


def test_the_gain_of_a_searcher_is_spread_over_its_steps():
    observer = np.array([0.25, 0.3, 0.5, 0.8])  # what the latents hold before each step
    everything_at_once = gain_bits(np.array([1.0, 1.0, 1.0, 1.0]), observer)
    a_little_each_step = gain_bits(np.array([0.3, 0.5, 0.8, 1.0]), observer)
    assert everything_at_once[0] == pytest.approx(2.0)
    assert a_little_each_step[0] < 0.3 and a_little_each_step[1:].min() > 0.3


def test_commitment_is_the_first_step_that_is_never_left_again():
    weights = np.array([[0.95, 0.05], [0.5, 0.5], [0.92, 0.08], [0.99, 0.01]])
    assert committed(weights[:, 0]) == 2
    assert committed(weights[[0, 2, 3], 0]) == 0
    assert committed([0.6] * 5) == 5, "never"
    assert committed([0.9] * 5) == 5, "at the level is not above it"


@pytest.mark.parametrize(
    ("right", "latents", "words"),
    [
        ([False, False], np.eye(2, 8), "none of a, b solves"),
        ([True, False], np.ones((2, 8)), "equal latents"),
        ([True, False], np.full((2, 8), np.nan), "not finite"),
        ([True], np.eye(2, 8), "differ in number"),
    ],
)
def test_candidates_that_are_none_are_refused(right, latents, words):
    with pytest.raises(InputError, match=words):
        Candidates(["a", "b"], np.array(right), latents)
