"""A run through the API: the bits of the stock pipeline, callbacks, noise of one's own."""

import numpy as np
import pytest
import tiny
import torch

import chainofsteps as cos
from chainofsteps.api import model as api_model


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
def test_with_its_noise_it_is_the_stock_pipeline(checkpoint_two, maze, guidance_scale):
    model = cos.load(
        checkpoint_two, like="embedded", steps=5, boundary=tiny.BOUNDARY, guidance_scale=guidance_scale, device="cpu"
    )
    run = model.run(maze, seed=1, shared_noise=True)
    seed = torch.Generator().manual_seed(1)
    final, latents = tiny.stock(model.folder, model.sampling, maze, "latent", generator=seed)
    assert torch.equal(run.latents[1:], torch.cat(latents)) and torch.equal(run.final, final)
    frames, _ = tiny.stock(model.folder, model.sampling, maze, "pil", generator=torch.Generator().manual_seed(1))
    assert np.array_equal(run.video(), np.stack([np.asarray(frame) for frame in frames[0]]))


def test_a_callback_sees_every_step_and_changes_nothing(model, maze, run):
    states = []
    watched = model.run(maze, seed=1, on_step=states.append)
    assert torch.equal(watched.latents, run.latents) and [state.step for state in states] == [0, 1, 2, 3, 4]
    for state in states:
        assert isinstance(state, cos.StepState) and state.sigma == run.sigmas[state.step]
        assert torch.equal(state.latents, run.at(state.step))
        assert torch.allclose(state.x0_pred, run.x0_pred(state.step), atol=1e-4)
        assert torch.equal(state.velocity, model.velocity(maze)(run.at(state.step), state.step))


def test_noise_depends_on_the_case_and_the_seed_alone(model, maze, run):
    assert torch.equal(model.run(maze, seed=1).latents, run.latents)
    others = [model.run(maze, seed=2), model.run(cos.puzzle("unique_maze"), seed=1)]
    assert all(not torch.equal(other.at(0), run.at(0)) for other in others)
    shared = [model.run(case, seed=1, shared_noise=True).at(0) for case in (maze, cos.puzzle("unique_maze"))]
    assert torch.equal(*shared)


def test_it_starts_from_noise_of_ones_own(model, maze, run):
    assert torch.equal(model.run(maze, seed=9, latents=run.at(0)).latents, run.latents)
    with pytest.raises(
        cos.InputError, match=r"run: latents are \(16, 5, 8, 8\); loop_maze/00000 needs \(1, C, F, h, w\)"
    ):
        model.run(maze, latents=run.at(0)[0])
    with pytest.raises(cos.InputError, match="latents are not finite: case loop_maze/00000, step 0"):
        model.run(maze, latents=torch.full_like(run.at(0), torch.nan))


def test_a_case_is_encoded_once_and_many_by_one_load(checkpoint_of, monkeypatch):
    loads = []
    encode_texts = api_model.encode_texts
    monkeypatch.setattr(
        api_model,
        "encode_texts",
        lambda folder, texts, sampling: loads.append(1) or encode_texts(folder, texts, sampling),
    )
    # two cases of one name, for a model that takes image embeddings of each
    folder = checkpoint_of("wan2.1-i2v")
    model, alone = (
        cos.load(folder, like="embedded", guidance_scale=2.0, max_sequence_length=512, device="cpu") for _ in range(2)
    )
    cases = [cos.puzzle(task) for task in ("loop_maze", "grounding")]
    of_both = model.encode(*cases)
    assert loads == [1] and model.encode(cases[1]) == [of_both[1]] and loads == [1]
    for case, given in zip(cases, of_both, strict=True):
        expected = tiny.conditioning(folder, model.sampling, case).to_tensors()
        (apart,) = alone.encode(case)
        for tensors in (given.to_tensors(), apart.to_tensors()):
            assert set(tensors) == set(expected)
            assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    assert not torch.equal(of_both[0].image_embeds, of_both[1].image_embeds)


def test_videos_of_one_and_of_many_latents(model, run):
    one = model.decode(run.final)
    assert one.shape == (17, 64, 64, 3) and one.dtype == np.uint8
    assert np.array_equal(model.decode(run.final[0]), one) and np.array_equal(run.video(), one)
    many = model.decode(run.latents[-2:])
    assert many.shape == (2, 17, 64, 64, 3)
    assert np.abs(many[1] - one.astype(int)).max() <= 1  # a batch may round otherwise
    assert np.array_equal(run.video(step=4), model.decode(run.x0_pred(4)))
    with pytest.raises(cos.InputError, match=r"decode: latents are \(8, 8\); give \(16, F, h, w\), or a batch"):
        model.decode(run.final[0, 0, 0])
    with pytest.raises(cos.InputError, match="out of range: the trajectory has steps 0 to 4"):
        run.video(step=5)


def test_progress_is_shown_where_it_is_wanted(model, maze, capfd):
    model.run(maze)
    assert capfd.readouterr().err == ""
    model.run(maze, progress=True)
    assert "run loop_maze/00000" in capfd.readouterr().err


def test_a_run_prints_as_one_line(run):
    assert repr(run) == "Run(loop_maze/00000, seed 1: 5 steps, latents (6, 16, 5, 8, 8))"
