from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from chainofsteps.bench import puzzles
from chainofsteps.errors import InputError
from chainofsteps.model.network import Forwards
from chainofsteps.probes.activations import run as activations
from chainofsteps.probes.activations import table as activations_table
from chainofsteps.run.denoise import initial_latents
from chainofsteps.run.taps import Tap, full

STATISTICS = {"resamples": 200, "level": 0.95, "seed": 0}
NOISE = initial_latents(tiny.LATENTS_SHAPE, "c", 1)


@pytest.mark.parametrize(("branch", "guidance_scale"), [("cond", 1.0), ("uncond", 4.0), ("both", 4.0)])
def test_norms_are_those_of_the_run_and_no_block_is_run_for_nothing(checkpoint, branch, guidance_scale):
    counter = Forwards()
    velocity = tiny.guided_velocity(checkpoint, tiny.sampling(guidance_scale=guidance_scale), counter=counter)
    kept = activations.token_norms(velocity, NOISE, 2, Tap([0], [2], branch))
    branches = len(kept)
    assert branches == (2 if branch == "both" else 1) and counter.total == branches / tiny.LAYERS
    velocity.tap = Tap([0], [2], branch, full)
    velocity(NOISE, 2)
    for name, states in velocity.tap.take().items():
        assert torch.allclose(kept[name][0], states[0, 0].norm(dim=-1), rtol=1e-5)


def test_uncond_needs_guidance_and_layers_must_be_there(checkpoint):
    velocity = tiny.guided_velocity(checkpoint, tiny.sampling())
    with pytest.raises(InputError, match="uncond needs negative_prompt_embeds"):
        activations.token_norms(velocity, NOISE, 0, Tap([0], [0], "uncond"))
    with pytest.raises(InputError, match="layer 2 is out of range"):
        activations.token_norms(velocity, NOISE, 0, Tap([2], [0]))


def test_auc_counts_pairs_within_latent_frames():
    rng = np.random.default_rng(0)
    norms, mask = rng.integers(0, 4, (2, 3, 10)).astype(float), rng.random((3, 10)) < 0.4
    mask[1] = True  # no background there: the frame says nothing
    for layer in range(2):
        pairs = []
        for frame in (0, 2):
            inside, outside = norms[layer, frame, mask[frame]], norms[layer, frame, ~mask[frame]]
            pairs.append(np.mean([(a > b) + 0.5 * (a == b) for a in inside for b in outside]))
        assert activations_table.auc(norms, mask)[layer] == pytest.approx(np.mean(pairs))
    grows = norms + 100 * np.arange(3)[:, None]
    assert activations_table.auc(grows, mask) == pytest.approx(activations_table.auc(norms, mask))


def test_auc_knows_its_ends_and_its_direction():
    mask = np.array([[True, False, False, True]])
    assert activations_table.auc(np.array([[2.0, 1, 1, 2]]), mask) == 1
    assert activations_table.auc(np.array([[0.0, 1, 1, 0]]), mask) == 0  # not turned round
    assert activations_table.auc(np.ones((1, 4)), mask) == 0.5
    assert np.isnan(activations_table.auc(np.ones((1, 4)), np.ones((1, 4), bool)))


def test_hoyer_of_known_norms():
    assert activations_table.hoyer(np.ones(9)) == pytest.approx(0)
    assert activations_table.hoyer(np.eye(9)[0]) == pytest.approx(1)
    assert activations_table.hoyer(np.array([3.0, 0, 4, 0])) == pytest.approx((2 - 7 / 5) / (2 - 1))


def test_mask_shows_where_objects_are_in_each_latent_frame():
    video = puzzles.puzzle("grounding").generate(3).video
    layout = puzzles.puzzle("grounding").generate(3).layout
    mask = activations_table.object_mask(video, (5, 4, 4))
    cells = {tuple(item["cell"]) for item in layout["objects"]}
    assert {tuple(map(int, cell)) for cell in np.argwhere(mask[0])} == cells == {*map(tuple, np.argwhere(mask[-1]))}
    blank = activations_table.object_mask(puzzles.puzzle("object_sets").generate(3).video, (5, 4, 4))
    assert not blank[0].any() and blank[-1][1:3].any() and not blank[-1][[0, 3]].any()
    short = activations_table.object_mask(video[:6], (5, 4, 4))  # the clip ends before the video that is made
    assert short.shape == (5, 4, 4) and (short[-1] == activations_table.object_mask(video[5:6], (1, 4, 4))[0]).all()


def planted(cases=8, seeds=(1, 2), told=True):
    """Layer 1 shines where the object is (told), layer 0 everywhere; the null's object is elsewhere."""
    rng, rows = np.random.default_rng(0), []
    for case in range(cases):
        mask, other = np.zeros((2, 3, 4, 4), bool)
        mask[:, case % 4], other[:, (case + 1) % 4] = True, True
        for seed in seeds:
            norms = rng.uniform(1, 2, (2, 3, 16))
            norms[1] += 5 * told * mask.reshape(3, 16)
            kept = {"step003-cond": norms.reshape(2, -1).astype(np.float32)}
            found = activations_table.rows_of(kept, [0, 1], mask, other)
            rows += [{"model": "m", "task": "t", "case": f"{case}", "seed": seed, **row} for row in found]
    return activations_table.summary(pd.DataFrame(rows), STATISTICS)


def test_a_planted_layer_is_found_and_the_null_is_not():
    table = planted().set_index(["part", "layer"])
    assert set(table.index) == {("given", 0), ("given", 1), ("generated", 0), ("generated", 1)}
    shines, dull = table.loc[("generated", 1)], table.loc[("generated", 0)]
    assert (shines.auc, shines.n, shines.seeds, shines.auc_n, shines.step) == (1.0, 8, 2, 8, 3)
    assert 0.2 < dull.auc < 0.8 and dull.gain_low < 0 < dull.gain_high and shines.gain_low > 0.3
    assert shines.null < 0.5 and shines.hoyer > dull.hoyer
    assert planted(told=False).set_index(["part", "layer"]).loc[("generated", 1)].auc < 0.8


def test_without_objects_there_is_sparsity_and_no_auc():
    kept = {"step000-cond": np.ones((1, 8), np.float32)}
    rows = activations_table.rows_of(kept, [5], np.zeros((2, 2, 2), bool), None)
    table = pd.DataFrame([{"model": "m", "task": "t", "case": "0", "seed": 1, **row} for row in rows])
    found = activations_table.summary(table, STATISTICS).iloc[0]
    assert (found.layer, found.n, found.auc_n, found.hoyer) == (5, 1, 0, 0) and np.isnan(found.auc)


def test_a_tap_of_guidance_is_not_moved_by_the_other_branch(checkpoint):
    velocity = tiny.guided_velocity(checkpoint, tiny.sampling(guidance_scale=4.0))
    both = activations.token_norms(velocity, NOISE, 1, Tap([0, 1], [1], "both"))
    velocity.sampling = replace(velocity.sampling, guidance_scale=1.0)
    alone = activations.token_norms(velocity, NOISE, 1, Tap([0, 1], [1], "cond"))
    assert torch.equal(both["step001-cond"], alone["step001-cond"])
