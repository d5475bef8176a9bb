"""Sizes of a model: of its folder as of the networks themselves; of one that is not here, as published."""

import shutil
from pathlib import Path

import pytest
import tiny
import torch
from diffusers import WanTransformer3DModel

from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError
from chainofsteps.model.load import load_text_encoder, load_transformer, load_vae
from chainofsteps.plan.model import model_of, not_here, parameters_in, transformer_parameters, transformer_width

ROOT = Path(__file__).parents[2]
KINDS = ["wan2.2-i2v", "wan2.1-i2v", "wan2.2-ti2v"]


def numbers(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture(scope="module")
def config():
    return load_config(ROOT / "config.yaml")


def with_model(config, folder, **change):
    entry = {**config["models"]["embedded"], "folder": str(folder), **change}
    return {**config, "models": {**config["models"], "tiny": entry}}


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_are_those_of_the_networks(config, checkpoint_of, kind):
    folder = checkpoint_of(kind)
    model = model_of(with_model(config, folder, dtype="bfloat16"), "tiny")
    transformer, vae = load_transformer(folder), load_vae(folder)
    assert model.parameters["expert"] == numbers(transformer) == transformer_parameters(transformer.config)
    assert model.parameters["text_encoder"] == numbers(load_text_encoder(folder)[0])
    assert model.parameters["vae"] == numbers(vae)
    assert ("image_encoder" in model.parameters) == (kind == "wan2.1-i2v") == (model.image_width > 0)
    assert (model.layers, model.width, model.latent_channels) == (tiny.LAYERS, 24, vae.config.z_dim)
    assert model.stride == (16 if kind == "wan2.2-ti2v" else 8) and model.per_token == (kind == "wan2.2-ti2v")
    assert model.weights["expert"] == 2 * numbers(transformer) and model.weights["vae"] == 4 * numbers(vae)
    assert model.checkpoint_bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_without_weights_the_transformer_is_reckoned_from_its_config(config, checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "bare")
    for file in folder.glob("transformer/*.safetensors"):
        file.unlink()
    model = model_of(with_model(config, folder), "tiny")
    assert model.parameters["expert"] == parameters_in(checkpoint / "transformer") > 0


def test_a_file_that_is_cut_short_is_one_line(config, checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "cut")
    (file,) = folder.glob("vae/*.safetensors")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match="cut short or not safetensors"):
        model_of(with_model(config, folder), "tiny")


@pytest.mark.parametrize("name", ["vbvr-wan2.2", "wan2.1-i2v-14b-720p", "wan2.2-ti2v-5b"])
def test_published_parameters_are_those_of_the_published_sizes(config, name):
    model = model_of(config, name, "nowhere")
    assert not model.here and model.experts == (2 if name == "vbvr-wan2.2" else 1)
    given = model.latent_channels if model.per_token else 2 * model.latent_channels + 4
    of_image = {"image_dim": model.image_width, "added_kv_proj_dim": model.width} if model.image_width else {}
    with torch.device("meta"):
        network = WanTransformer3DModel(
            num_attention_heads=model.width // 128,
            in_channels=given,
            out_channels=model.latent_channels,
            text_dim=model.text_width,
            ffn_dim=model.ffn_width,
            num_layers=model.layers,
            **of_image,
        )
    assert numbers(network) / 1e9 == pytest.approx(model.parameters["expert"] / 1e9, abs=0.06)
    assert numbers(network) == transformer_parameters(network.config)
    assert transformer_width(network.config) == model.width


def test_a_model_that_is_not_downloaded_says_how_it_is(config):
    command = "`snakemake --config model=wan2.2-ti2v-5b -- results/model/wan2.2-ti2v-5b.json` downloads it, 34 GB"
    assert not_here(config, "wan2.2-ti2v-5b") == f"model wan2.2-ti2v-5b is not here yet; {command}"
    assert "downloads it, 126.6 GB" in not_here(config, "wan2.2-i2v-a14b-vbvr-lora")  # and its adapters
    assert "of a size that config.yaml does not know" in not_here(config, "vbvr-wan2.2")
    assert model_of(config, "vbvr-wan2.2", "nowhere").layers == 40


def test_of_a_model_of_which_nothing_is_published_its_layers_are_no_guess(config):
    entry = {key: value for key, value in config["models"]["vbvr-wan2.2"].items() if key != "published"}
    of_model = {**config, "models": {"mine": entry}}
    assert model_of(of_model, "mine", "nowhere").layers is None


def test_a_folder_of_the_users_must_hold_a_checkpoint(config, tmp_path):
    with pytest.raises(InputError, match=r"models\.tiny: .* has no model_index\.json"):
        model_of(with_model(config, tmp_path), "tiny")


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_folder_whose_transformer_is_no_wan_transformer(config, checkpoint, tmp_path, content):
    folder = shutil.copytree(checkpoint, tmp_path / "other")
    (folder / "transformer" / "config.json").write_text(content)
    with pytest.raises(InputError, match="checkpoint"):
        model_of(with_model(config, folder), "tiny")
