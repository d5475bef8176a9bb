"""The second family, through the engine that serves the first. Random weights: plumbing, not science."""

import json
import math
import shutil

import numpy as np
import pytest
import tiny
import tiny_ltx
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from chainofsteps.errors import InputError
from chainofsteps.model import network
from chainofsteps.model.checkpoint import experts_of, family_in, keeps_first_frame, layers_of, takes_image_embeds
from chainofsteps.model.conditioning import Conditioning, encode_first_frame, restore_first_frame
from chainofsteps.model.load import Experts, check_adapters, check_checkpoint, load_transformer, load_vae
from chainofsteps.model.vae import decode, encode
from chainofsteps.probes.activations.run import token_norms
from chainofsteps.probes.noise.run import sweep
from chainofsteps.probes.noise.spec import NoiseAtStep
from chainofsteps.run.denoise import denoise
from chainofsteps.run.taps import Tap
from chainofsteps.run.trajectory import record

BATCH = 2
STATIC = {"shift": 3.0, "shift_terminal": tiny_ltx.TERMINAL}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_ltx.build(tmp_path_factory.mktemp("ltx") / "checkpoint")


@pytest.fixture(scope="module")
def inputs():
    source = torch.Generator().manual_seed(0)
    mask = torch.ones(BATCH, tiny.TEXT_TOKENS, dtype=torch.bool)
    mask[0, 5:] = mask[1, 9:] = False
    return {
        "latents_in": torch.randn(BATCH, *tiny_ltx.LATENTS_SHAPE[1:], generator=source),
        "timestep": torch.tensor([937.5, 400.0]),
        "prompt_embeds": torch.randn(BATCH, tiny.TEXT_TOKENS, tiny.TEXT_DIM, generator=source),
        "prompt_attention_mask": mask,
    }


@pytest.fixture(scope="module")
def model():
    return tiny_ltx.transformer(seed=5)


def stock(model, latents_in, timestep, prompt_embeds, prompt_attention_mask):
    frames, height, width = latents_in.shape[2:]
    tokens = model(
        hidden_states=latents_in.flatten(2).transpose(1, 2).contiguous(),
        encoder_hidden_states=prompt_embeds,
        timestep=timestep,
        encoder_attention_mask=prompt_attention_mask,
        num_frames=frames,
        height=height,
        width=width,
        rope_interpolation_scale=(8 / 25, 32, 32),
        return_dict=False,
    )[0]
    return tokens.transpose(1, 2).unflatten(2, (frames, height, width))


def test_the_walk_is_the_model_and_resumes_from_any_layer(model, inputs):
    expected, stream = stock(model, **inputs), network.embed(model, **inputs)
    assert stream.grid == (3, 2, 4) and stream.hidden_states.shape == (BATCH, tiny_ltx.TOKENS, tiny_ltx.CHANNELS)
    for layer in range(tiny_ltx.LAYERS + 1):
        halfway = network.walk(model, stream, stop=layer)
        assert torch.equal(network.head(model, network.walk(model, halfway, layer)), expected)


def test_each_token_has_its_timestep_and_padding_is_not_read(model, inputs):
    per_token = {**inputs, "timestep": torch.linspace(0, 999, BATCH * tiny_ltx.TOKENS).view(BATCH, -1)}
    velocity = network.head(model, network.walk(model, network.embed(model, **per_token)))
    assert torch.equal(velocity, stock(model, **per_token)) and not torch.equal(velocity, stock(model, **inputs))
    padded = inputs["prompt_embeds"].clone()
    padded[0, 5:] = 7.0
    other = network.embed(model, **{**inputs, "prompt_embeds": padded})
    assert torch.equal(network.head(model, network.walk(model, other))[0], stock(model, **inputs)[0])


def test_bfloat16_weights(inputs):
    model = tiny_ltx.transformer(seed=5).bfloat16()
    given = {
        name: value.bfloat16() if name in ("latents_in", "prompt_embeds") else value for name, value in inputs.items()
    }
    velocity = network.head(model, network.walk(model, network.embed(model, **given)))
    assert velocity.dtype == torch.bfloat16 and torch.equal(velocity, stock(model, **given))


def test_an_item_can_be_walked_under_its_stream_s_conditions(model, inputs):
    """As the ensemble merges: other hidden states, conditions of the first item."""
    stream = network.embed(model, **inputs)
    alone = network.embed(model, **{name: value[:1] for name, value in inputs.items()})
    twice = stream.with_items(alone.hidden_states.expand(2, -1, -1))
    ended, expected = network.walk(model, twice), network.walk(model, alone)
    torch.testing.assert_close(network.head(model, ended), network.head(model, expected).expand(2, -1, -1, -1, -1))


def test_taps_and_edits_and_forwards(model, inputs):
    seen, counter, stream = [], network.Forwards(), network.embed(model, **inputs)

    def edit(layer, hidden_states):
        return hidden_states + layer

    network.walk(model, stream, tap=lambda layer, h: seen.append((layer, h)), edit=edit, counter=counter)
    assert [layer for layer, _ in seen] == [0, 1, 2] and counter.total == BATCH
    first = network.walk(model, stream, stop=1).hidden_states
    assert torch.equal(seen[0][1], first)
    second = network.family_of(model).run_block(model.transformer_blocks[1], first, stream) + 1
    assert torch.equal(seen[1][1], second)


@pytest.mark.parametrize("guidance_scale", [1.0, 3.0])
def test_the_engine_is_the_stock_pipeline(folder, guidance_scale):
    """From the image, the prompt and the noise. The stock pipeline runs both branches as one batch: the last bits of
    guided latents differ."""
    settings = tiny.sampling(guidance_scale=guidance_scale, negative_prompt="blue ring")
    scheduler = FlowMatchEulerDiscreteScheduler(**STATIC)
    _, expected = tiny_ltx.stock(folder, settings, scheduler, "latent")
    velocity = tiny_ltx.guided_velocity(folder, settings)
    noise = velocity.conditioning.begin(tiny_ltx.noise_of(0))
    ours = record(velocity, noise, velocity.sigmas, "00000").latents[1:]
    assert torch.equal(velocity.sigmas, scheduler.sigmas.cpu())
    assert len(ours) == len(expected) == settings.steps
    for mine, theirs in zip(ours.split(1), expected, strict=True):
        if guidance_scale == 1:
            assert torch.equal(mine, theirs)
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)
        assert torch.equal(mine[:, :, :1], velocity.conditioning.condition)


def test_the_shift_is_the_stock_pipelines_for_a_size(folder):
    """mu of 24 tokens, as the stock pipeline works it out: shift is exp(mu)."""
    slope = (2.05 - 0.95) / (4096 - 1024)
    mu = tiny_ltx.TOKENS * slope + 0.95 - 1024 * slope
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(folder, subfolder="scheduler")
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / 5, 5), mu=mu)
    settings = tiny.sampling(shift=math.exp(mu))
    sigmas = Experts(folder, settings).sigmas()
    torch.testing.assert_close(sigmas, scheduler.sigmas, rtol=0, atol=1e-6)
    assert sigmas[0] == 1 and sigmas[-1] == 0 and float(sigmas[-2]) == pytest.approx(tiny_ltx.TERMINAL, abs=1e-6)
    _, expected = tiny_ltx.stock(folder, settings, None, "latent")
    velocity = tiny_ltx.guided_velocity(folder, settings)
    noise = velocity.conditioning.begin(tiny_ltx.noise_of(0))
    torch.testing.assert_close(denoise(velocity, noise, sigmas), expected[-1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("timestep_conditioning", [False, True])
def test_pixels_are_the_stock_pipelines(folder, tmp_path, timestep_conditioning):
    where = tiny_ltx.build(tmp_path / "other", True) if timestep_conditioning else folder
    settings = tiny.sampling()
    scheduler = FlowMatchEulerDiscreteScheduler(**STATIC)
    pixels, latents = tiny_ltx.stock(where, settings, scheduler, "np")
    video = decode(load_vae(where), latents[-1])
    assert video.shape == (1, *pixels.shape) == (1, tiny_ltx.FRAMES, tiny_ltx.HEIGHT, tiny_ltx.WIDTH, 3)
    assert np.array_equal(video[0], (pixels * 255).round().astype(np.uint8))


def test_a_video_becomes_normalised_latents(folder):
    vae = load_vae(folder)
    video = np.random.default_rng(0).integers(0, 256, (tiny_ltx.FRAMES, tiny_ltx.HEIGHT, tiny_ltx.WIDTH, 3), np.uint8)
    latents = encode(vae, video)
    with torch.no_grad():
        pixels = torch.from_numpy(video).permute(3, 0, 1, 2)[None] / 127.5 - 1
        mode = vae.encode(pixels).latent_dist.mode()
    back = latents * vae.latents_std.view(1, -1, 1, 1, 1) + vae.latents_mean.view(1, -1, 1, 1, 1)
    assert latents.shape == tiny_ltx.LATENTS_SHAPE
    torch.testing.assert_close(back, mode)


def test_trajectory_sweep_and_token_norms(folder):
    settings = tiny.sampling(batch_size=1)
    velocity = tiny_ltx.guided_velocity(folder, settings)
    given, sigmas = velocity.conditioning, velocity.sigmas
    noise = given.begin(tiny_ltx.noise_of(1))
    baseline = record(velocity, noise, sigmas, "00000")
    assert baseline.latents.shape == (settings.steps + 1, *tiny_ltx.LATENTS_SHAPE[1:])
    runs = [NoiseAtStep(step, "renoise", amplitude=1.0, noise_seed=9) for step in range(settings.steps)]
    result = sweep(velocity, baseline, runs, "00000", 1)
    finals = result.latents
    assert {row["later_step"] for row in result.rows} == set(range(settings.steps))
    assert all(math.isfinite(row["dissimilarity"]) and row["dissimilarity"] > 0 for row in result.rows)
    assert set(finals) == {run.name() for run in runs}
    for run in runs:
        final = restore_first_frame(finals[run.name()][None], given)
        assert final.shape == tiny_ltx.LATENTS_SHAPE and torch.isfinite(final).all()
        assert not torch.equal(final[:, :, 1:], baseline.at(settings.steps)[:, :, 1:])
        assert torch.equal(final[:, :, :1], given.condition)
    tap = Tap(range(tiny_ltx.LAYERS), [2])
    norms = token_norms(velocity, baseline.at(2), 2, tap)["step002-cond"]
    states, stream = [], velocity.stream(baseline.at(2), 2, "cond")
    network.walk(velocity.model_at(2), stream, tap=lambda _, h: states.append(h[0].norm(dim=-1)))
    assert norms.shape == (tiny_ltx.LAYERS, tiny_ltx.TOKENS)
    torch.testing.assert_close(norms, torch.stack(states))


def test_the_conditioning_and_back(folder):
    given = tiny_ltx.conditioning(folder, tiny.sampling(guidance_scale=3.0, negative_prompt="blue ring"))
    assert given.condition.shape == (1, 8, 1, 2, 4) and given.latents_shape == tiny_ltx.LATENTS_SHAPE
    words = len(tiny.TinyCase().prompt.split()) + 1
    assert given.prompt_attention_mask.sum() == words and given.negative_prompt_attention_mask.sum() == 3
    back = Conditioning.from_tensors(given.to_tensors())
    assert torch.equal(back.prompt_attention_mask, given.prompt_attention_mask)
    latents_in, timestep = given.model_input(torch.zeros(tiny_ltx.LATENTS_SHAPE), torch.tensor(700.0), 1)
    assert timestep[0].tolist() == [0.0] * 8 + [700.0] * 16 and torch.equal(latents_in[:, :, :1], given.condition)
    again = encode_first_frame(tiny.TinyCase(), load_vae(folder), 17, 64, 128, True)
    assert torch.equal(again["condition"], given.condition)  # no chance in it
    with pytest.raises(InputError, match=r"12 frames; the VAE needs 8k \+ 1, such as 9"):
        encode_first_frame(tiny.TinyCase(), load_vae(folder), 12, 64, 128, True)
    with pytest.raises(InputError, match="48x128 pixels; both sides must be multiples of 32"):
        encode_first_frame(tiny.TinyCase(), load_vae(folder), 17, 48, 128, True)


def test_the_folder_is_a_checkpoint(folder):
    about = check_checkpoint(folder)
    assert (about["layers"], about["latent_channels"], about["experts"]) == (3, 8, ["high"])
    assert family_in(folder).name == "LTX-Video" and experts_of(folder) == ["high"] and layers_of(folder) == 3
    assert keeps_first_frame(folder) and not takes_image_embeds(folder)
    loaded, saved = load_transformer(folder), tiny_ltx.transformer(3)
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), saved.parameters(), strict=True))


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("transformer", {"in_channels": 16}, "its transformer takes 16 channels and its VAE makes 8"),
        ("transformer", {"patch_size": 2}, r"has patches of \(1, 2\) latents and latents of \(8, 32\) frames"),
        ("vae", {"patch_size": 2}, r"latents of \(8, 16\) frames and pixels, not \(1, 1\) and \(8, 32\)"),
        ("vae", {"_class_name": "AutoencoderKLWan"}, "is a AutoencoderKLWan, not a AutoencoderKLLTXVideo; give a LTX"),
        (".", {"_class_name": "LTX2Pipeline"}, "holds a LTX2Pipeline; give an LTX-Video checkpoint"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line(folder, tmp_path, part, change, message):
    copy = shutil.copytree(folder, tmp_path / "copy")
    path = copy / part / ("model_index.json" if part == "." else "config.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=message) as error:
        check_checkpoint(copy)
    assert "\n" not in str(error.value) and str(copy) in str(error.value)


def test_adapters_are_refused(folder):
    with pytest.raises(InputError, match="is for a LTXVideoTransformer3DModel: adapters are read for Wan alone"):
        check_adapters(folder, {"high": folder / "lora.safetensors"})
