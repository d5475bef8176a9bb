import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLWan

from chainofsteps.training import clips, mixture, vae

BUCKET = mixture.Bucket(5, 64, 1.0)


def test_the_decoder_is_trained_and_the_latents_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(vae, "VAE_BUCKETS", (BUCKET,))
    torch.manual_seed(0)
    vae.build_vae().save_pretrained(tmp_path / "vae")
    np.save(vae.clip_pool(tmp_path, BUCKET), np.random.default_rng(0).integers(0, 256, (8, 5, 64, 64, 3), np.uint8))
    assert vae.vae_folder(tmp_path).name == "vae"
    vae.train_decoder(0, 1, tmp_path, steps=2, seed=0)
    assert vae.vae_folder(tmp_path).name == "vae-sharp"
    before, after = (AutoencoderKLWan.from_pretrained(tmp_path / name).state_dict() for name in ("vae", "vae-sharp"))
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert {name for name in before if name.startswith(("encoder.", "quant_conv."))} <= same
    assert len(same) < len(before)


def test_of_two_errors_as_large_the_ragged_one_costs_more(monkeypatch):
    module, clip = vae.ClipAutoencoder(vae.build_vae()), torch.zeros(1, 3, 5, 64, 64)
    ragged = torch.ones(64, 64)
    ragged[::2, 1::2] = ragged[1::2, ::2] = -1
    losses = []
    for error in (torch.ones(64, 64), ragged):
        monkeypatch.setattr(module, "decode", lambda latents, error=error: clip + 0.1 * error)
        torch.manual_seed(0)
        losses.append(module(clip)["loss"].item())
    assert losses[1] - losses[0] == pytest.approx(vae.EDGE_WEIGHT * (0.2 + 0.2), rel=1e-4)


def test_latents_are_drawn_with_the_spread_that_the_encoder_says(monkeypatch):
    module, clip, drawn = vae.ClipAutoencoder(vae.build_vae()), torch.zeros(1, 3, 5, 64, 64), []
    said = torch.distributions.Normal(1.0, 2.0)
    shape = (1, 16, 2, 16, 16)
    encoded = torch.full(shape, said.mean.item()), torch.full(shape, 2 * said.stddev.log().item())
    monkeypatch.setattr(module, "encode", lambda _: encoded)
    monkeypatch.setattr(module, "decode", lambda latents: drawn.append(latents) or clip)
    torch.manual_seed(0)
    kl = module(clip)["kl"].item()
    assert drawn[0].mean().item() == pytest.approx(1, abs=0.1) and drawn[0].std().item() == pytest.approx(2, abs=0.1)
    standard = torch.distributions.Normal(0.0, 1.0)
    assert kl == pytest.approx(torch.distributions.kl_divergence(said, standard).item(), rel=1e-5)


def test_a_clip_is_laid_in_eight_ways():
    clip = torch.arange(4.0).view(1, 2, 2)
    ways = {tuple(vae.turned(clip, way).flatten().tolist()) for way in range(8)}
    assert len(ways) == 8


def test_the_vae_sees_more_of_what_it_finds_hard(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(clips, "training_puzzle", lambda *arguments: seen.append(arguments) or Clip)
    clips._chunk(BUCKET, 0, 3, 0)
    assert [arguments[3] for arguments in seen] == [mixture.VAE_TURNS] * 3
    assert BUCKET.puzzles(mixture.VAE_TURNS).count("bounce") == mixture.VAE_TURNS["bounce"]


class Clip:
    video = np.zeros((5, 64, 64, 3), np.uint8)
