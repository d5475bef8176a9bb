"""The linear readout finds the layer at which an answer was planted, and reads nothing where there is none."""

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from chainofsteps.model import network
from chainofsteps.names import RunId
from chainofsteps.probes.linear_readout.fit import Example, read
from chainofsteps.probes.linear_readout.run import depth_states, kept_tokens, projection
from chainofsteps.probes.linear_readout.table import rows_of
from chainofsteps.run.taps import Tap, full

CASES, TOKENS, WIDTH, FEATURES, ANSWERS = 40, 20, 12, 6, 4
STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
SETTINGS = {"folds": 5, "shuffles": 4}


def planted(depths=4, first=2, seeds=(1,)):
    """Runs whose states hold the answer's features, mixed and noisy, from depth `first` on; before it other noise."""
    rng = np.random.default_rng(0)
    mixing, found = rng.normal(size=(FEATURES, WIDTH)), {}
    for case in range(CASES):
        answers = rng.normal(size=(ANSWERS, TOKENS, FEATURES))
        for seed in seeds:
            answer = int(rng.integers(ANSWERS))
            states = rng.normal(size=(depths, TOKENS, WIDTH))
            states[first:] = 5 + answers[answer] @ mixing + 0.3 * states[first:]
            found[RunId("maze", f"{case:05d}", seed)] = [Example(of, answers, answer) for of in states]
    return found


def test_the_answer_is_read_from_the_layer_on_where_it_was_planted():
    rows = pd.DataFrame(rows_of(planted(), SETTINGS, STATISTICS)).set_index("layer")
    assert list(rows.index) == [-1, 0, 1, 2] and set(rows.n) == {CASES} and set(rows.seeds) == {1}
    assert (rows.right[[1, 2]] == 1).all() and (rows.right[[-1, 0]] < 0.5).all()
    assert (rows.gain_low[[1, 2]] > 0.4).all() and (rows.gain_low[[-1, 0]] < 0).all()
    assert (rows.null < 0.45).all() and set(rows.chance) == {1 / ANSWERS}


def test_a_case_is_never_read_by_a_map_that_saw_it():
    """States that only name their case: with seeds of one case on both sides the map would know its answer."""
    rng, examples, cases = np.random.default_rng(1), [], []
    for case in range(10):
        answers, name = rng.normal(size=(2, TOKENS, FEATURES)), np.tile(np.eye(10)[case], (TOKENS, 1))
        for _ in range(2):
            examples.append(Example(name, answers, 0))
            cases.append(case)
    right, _ = read(examples, np.array(cases), 5, 0, 0)
    assert 0.1 < right.mean() < 0.9  # a guess between two answers
    leaking, _ = read(examples, np.arange(20) % 7, 7, 0, 0)
    assert leaking.mean() > right.mean()


def test_seeds_are_averaged_within_their_case_and_too_few_cases_have_no_row():
    rows = pd.DataFrame(rows_of(planted(seeds=(1, 2)), SETTINGS, STATISTICS))
    assert set(rows.n) == {CASES} and set(rows.seeds) == {2}
    assert list(rows_of(dict(list(planted().items())[:4]), SETTINGS, STATISTICS)) == []


def test_states_are_those_before_the_first_layer_and_after_each(checkpoint):
    velocity = tiny.guided_velocity(checkpoint, tiny.sampling(steps=4))
    latents = torch.randn(velocity.conditioning.latents_shape, generator=torch.Generator().manual_seed(0))
    states = depth_states(velocity, latents, 1, tokens=10_000, width=10_000)
    tap = Tap(range(tiny.LAYERS), [1], "cond", full)
    stream = velocity.stream(latents, 1, "cond")
    network.walk(velocity.model_at(1), stream, tap=tap.at(1, "cond"))
    expected = torch.cat([stream.hidden_states.float(), tap.take()["step001-cond"][0]])
    normed = torch.nn.functional.layer_norm(expected, expected.shape[-1:])
    torch.testing.assert_close(states.float(), normed, atol=2e-3, rtol=2e-3)
    some = depth_states(velocity, latents, 1, tokens=8, width=10_000)
    assert torch.equal(some, states[:, kept_tokens(states.shape[1], 8)])


def test_what_is_too_large_is_kept_in_part():
    assert kept_tokens(5, 8).tolist() == [0, 1, 2, 3, 4] and kept_tokens(10, 4).tolist() == [0, 2, 5, 7]
    assert projection(64, 64) is None
    onto = projection(512, 128)
    assert onto.shape == (512, 128) and torch.equal(onto, projection(512, 128))
    x = torch.randn(4, 512, generator=torch.Generator().manual_seed(1))
    assert (x @ onto).square().sum(1) == pytest.approx(x.square().sum(1), rel=0.3)  # lengths are kept on average
