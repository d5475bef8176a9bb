"""The rows of both kinds of run: read against the answers with the weights of the model and of the ideal observer."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from chainofsteps.bench.puzzles import loop_maze_5
from chainofsteps.model import schedule
from chainofsteps.probes.candidates.observer import Candidates, mixture_weights, observer_weights
from chainofsteps.probes.ladder.job import Ladder, Rung
from chainofsteps.probes.ladder.table import FINAL
from chainofsteps.run.denoise import initial_latents

SHAPE, STEPS, SHIFT, SEED = (1, 4, 2, 3, 3), 5, 3.0, 1
RIGHT = np.array([False, True, True])  # neither the first one nor all
SETTINGS = {"numbers": [1, STEPS], "seed": SEED, "share_noise_over_cases": False, "residual": 0.5}


@pytest.fixture(scope="module")
def answers():
    latents = torch.randn(3, *SHAPE[1:], generator=torch.Generator().manual_seed(0))
    rows = [{"candidate": f"way {index}", "right": bool(right)} for index, right in enumerate(RIGHT)]
    return SimpleNamespace(rows=lambda case: rows, load=lambda case: ({"latents": latents}, rows), latents=latents)


def rung_of(answers, x0_pred):
    """A case of a model whose x0_pred (1, C, F, h, w) never changes."""
    layout = loop_maze_5.generate(0).layout

    def velocity(given, sigmas, counter):
        def of(latents, step):
            counter.add(len(latents), 1, 1)
            return (latents - x0_pred) / sigmas[step]

        return of

    given = SimpleNamespace(latents_shape=SHAPE, begin=lambda noise: noise)
    network = SimpleNamespace(
        sampling=SimpleNamespace(steps=STEPS, shift=SHIFT), conditioning=lambda case: given, velocity=velocity
    )
    return Rung(SimpleNamespace(task="loop_maze_5", name="00000", layout=layout), network, answers)


@pytest.mark.parametrize("shares", [(0.0, 1.0, 0.0), (0.5, 0.25, 0.25), (1.0, 0.0, 0.0)])
def test_rows_hold_the_weight_of_all_right_answers_of_the_model_and_of_the_observer(answers, shares):
    x0_pred = torch.einsum("k,k...->...", torch.tensor(shares), answers.latents)[None]
    ladder = Ladder({"a": rung_of(answers, x0_pred)}, SETTINGS)
    kept, rows, forwards = ladder.measure("a")
    right = shares[1] + shares[2]
    assert forwards == 2 * (1 + STEPS)
    torch.testing.assert_close(kept["right"], torch.full((2, 2), right, dtype=torch.float64), atol=1e-4, rtol=0)
    of_steps = [row for row in rows if row["step"] != FINAL]
    assert len(of_steps) == 2 * STEPS and {row["steps"] for row in of_steps} == {STEPS}
    assert all(row["right"] == pytest.approx(right, abs=1e-4) for row in rows)
    finals = [row for row in rows if row["step"] == FINAL]
    assert [row["solved"] for row in finals] == [shares[1] == 1.0] * 4

    candidates = Candidates(["a", "b", "c"], RIGHT, answers.latents.flatten(1).double().numpy())
    noise = initial_latents(SHAPE, "loop_maze_5/00000", SEED, False)
    for row in of_steps:
        if row["kind"] == "plain":  # straight from the noise to x0_pred
            sigma = float(schedule.sigmas(STEPS, SHIFT)[row["step"]])
            latents = (sigma * noise + (1 - sigma) * x0_pred).flatten().double().numpy()
            weights = observer_weights(candidates, latents, sigma, "all")
            assert row["sigma"] == pytest.approx(sigma)
            assert row["observer"] == pytest.approx(float(weights[RIGHT].sum()), abs=1e-3)
    assert len({round(row["observer"], 3) for row in of_steps}) > 2
    assert mixture_weights(candidates, x0_pred.flatten().double().numpy())[0] == pytest.approx(shares, abs=1e-4)
