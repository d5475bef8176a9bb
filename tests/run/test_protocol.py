"""The protocol of the paper's tools: what they round, written out as they do it, against the engine's keys for it."""

import numpy as np
import pytest
import tiny
import torch

from chainofsteps.bench.cases import Case
from chainofsteps.errors import InputError
from chainofsteps.model import schedule
from chainofsteps.model.load import load_transformer, load_vae
from chainofsteps.model.sampling import vae_of
from chainofsteps.model.vae import decode, encode
from chainofsteps.probes.baseline.job import Encoder
from chainofsteps.probes.judge import Judge
from chainofsteps.run.denoise import initial_latents
from chainofsteps.run.trajectory import record

ROUNDED = {"latents_dtype": "bfloat16", "guidance_dtype": "bfloat16", "timestep_dtype": "bfloat16", "dtype": "bfloat16"}
SCALE = 5.0


def recorded(folder, noise, **settings):
    sampling = tiny.sampling(guidance_scale=SCALE, negative_prompt="blue goal .", **settings)
    velocity = tiny.guided_velocity(folder, sampling)
    sigmas = schedule.sigmas(sampling.steps, sampling.shift)
    return record(velocity, noise, sigmas, "00000"), velocity.conditioning


def as_the_papers_tools(folder, noise, sigmas, given):
    """Latents after each step: all arithmetic between the network's calls in bfloat16."""
    model = load_transformer(folder, dtype="bfloat16")
    latents, steps = noise.bfloat16(), []
    for sigma, sigma_next in zip(sigmas[:-1], sigmas[1:], strict=True):
        inputs = torch.cat([latents, given.condition.bfloat16()], dim=1)
        timestep = (1000 * sigma)[None].bfloat16()
        with torch.no_grad():
            cond, uncond = (
                model(inputs, timestep, embeds.bfloat16(), return_dict=False)[0]
                for embeds in (given.prompt_embeds, given.negative_prompt_embeds)
            )
        velocity = uncond + SCALE * (cond - uncond)
        latents = latents + velocity * (sigma_next - sigma)
        steps.append(latents.float())
    return torch.cat(steps)


def test_latents_and_guidance_are_rounded_as_the_papers_tools_round_them(checkpoint):
    noise = initial_latents(tiny.LATENTS_SHAPE, "any", seed=1, shared=True)
    run, given = recorded(checkpoint, noise, **ROUNDED)
    assert run.latents.dtype == torch.float32
    assert torch.equal(run.latents[1:], as_the_papers_tools(checkpoint, noise, run.sigmas, given))


@pytest.mark.parametrize("key", ["latents_dtype", "guidance_dtype"])
def test_each_key_moves_the_latents_by_itself(checkpoint, key):
    noise = initial_latents(tiny.LATENTS_SHAPE, "any", seed=1, shared=True)
    (plain, _), (rounded, _) = (recorded(checkpoint, noise, **of) for of in ({}, {key: "bfloat16"}))
    difference = (plain.latents - rounded.latents)[1:].abs().max()
    assert 0 < difference < 0.2
    assert torch.equal(rounded.latents[1:].bfloat16().float(), rounded.latents[1:]) == (key == "latents_dtype")


def test_the_vae_works_in_bfloat16_and_by_tiles_of_the_papers_size(checkpoint):
    vae = load_vae(checkpoint, dtype="bfloat16", tiling=True)
    assert vae.dtype == torch.bfloat16 and vae.use_tiling
    assert (vae.tile_sample_min_height, vae.tile_sample_min_width) == (240, 416)
    assert (vae.tile_sample_stride_height, vae.tile_sample_stride_width) == (120, 208)
    latents = torch.randn(1, 16, 1, 32, 16, generator=torch.Generator().manual_seed(0))  # higher than a tile
    whole, tiled = (decode(load_vae(checkpoint, tiling=tiling), latents) for tiling in (False, True))
    assert whole.shape == tiled.shape == (1, 1, 256, 128, 3) and (whole != tiled).any()
    apart = np.abs(whole.astype(int) - tiled)
    assert apart[:, :, :60].mean() < apart[:, :, 100:140].mean()  # the seam is at 120 pixels
    assert encode(load_vae(checkpoint, tiling=True), whole[0]).shape == latents.shape


def test_jobs_encode_and_decode_by_the_vae_that_is_configured(checkpoint):
    asked = {"vae_dtype": "bfloat16", "vae_tiling": True}
    case = Case("any", "00000", checkpoint, "move", np.zeros((64, 64, 3), np.uint8), 17, None)
    encoder = Encoder.of(str(checkpoint), [case], tiny.sampling(**asked))
    judge = Judge(str(checkpoint), vae_of({"models": {"mine": {**asked, "device": "cpu"}}}, "mine"), {})
    for vae in (encoder.vae, judge.vae):
        assert vae.dtype == torch.bfloat16 and vae.use_tiling
    plain = Encoder.of(str(checkpoint), [case], tiny.sampling())
    assert plain.vae.dtype == torch.float32 and not plain.vae.use_tiling
    rounded, exact = (one.encode(case).condition for one in (encoder, plain))
    assert 0 < (rounded - exact).abs().max() < 0.1


def test_a_type_that_torch_has_not_is_named():
    for key in ("latents_dtype", "guidance_dtype", "vae_dtype"):
        with pytest.raises(InputError, match=f"{key} is 'half': choose one of float32"):
            tiny.sampling(**{key: "half"})
