"""An adapter's alpha where PEFT keeps it, and numbers that no adapter can have."""

import json
import shutil

import pytest
import tiny
import torch
from diffusers.loaders.lora_base import LORA_ADAPTER_METADATA_KEY
from safetensors.torch import load_file, save_file

from chainofsteps.config.models import completed
from chainofsteps.errors import InputError
from chainofsteps.model import lora
from chainofsteps.model.lora import Adapter
from chainofsteps.store.model import model_manifest

LAYER = "blocks.1.attn1.to_q"
PEFT = {"peft_type": "LORA", "r": tiny.RANK, "lora_alpha": 3 * tiny.RANK}


@pytest.fixture(scope="module")
def model():
    return tiny.transformer(seed=5)


def by_peft(folder, model, name="adapter_model.safetensors", prefix="base_model.model.", settings=PEFT):
    """A folder as PEFT saves an adapter; no settings: None."""
    tensors = load_file(tiny.adapter(folder / "plain", model, "diffusers"))
    save_file({prefix + key.removeprefix("transformer."): each for key, each in tensors.items()}, folder / name)
    if settings is not None:
        (folder / "adapter_config.json").write_text(settings if isinstance(settings, str) else json.dumps(settings))
    return folder / name


def change(path, alpha=1.0):
    """What an adapter adds to one layer."""
    fused, before = tiny.transformer(seed=5), tiny.transformer(seed=5)
    lora.check(path, before.config)
    lora.fuse(fused, Adapter(path, alpha))
    return fused.get_submodule(LAYER).weight - before.get_submodule(LAYER).weight


def plainly(path):
    tensors = load_file(path.with_name("plain"))
    return tensors[f"transformer.{LAYER}.lora_B.weight"] @ tensors[f"transformer.{LAYER}.lora_A.weight"]


@pytest.mark.parametrize("name, prefix", [("adapter_model.safetensors", ""), ("mine.safetensors", "base_model.model.")])
def test_alpha_of_the_file_beside(model, tmp_path, name, prefix):
    path = by_peft(tmp_path, model, name, prefix)
    assert torch.allclose(change(path), 3 * plainly(path), atol=1e-5)
    assert torch.allclose(change(path, alpha=0.5), 1.5 * plainly(path), atol=1e-5)


def test_without_settings_alpha_is_the_rank(model, tmp_path):
    path = by_peft(tmp_path, model, settings=None)
    assert torch.allclose(change(path), plainly(path), atol=1e-5)


def test_settings_of_another_file_say_nothing(model, tmp_path):
    path = by_peft(tmp_path, model, "other.safetensors", prefix="transformer.")
    assert torch.allclose(change(path), plainly(path), atol=1e-5)


def test_what_stands_in_the_file_comes_first(model, tmp_path):
    path = by_peft(tmp_path, model, prefix="transformer.")
    said = json.dumps({"transformer.lora_alpha": 2 * tiny.RANK})
    save_file(load_file(path), path, {LORA_ADAPTER_METADATA_KEY: said})
    assert torch.allclose(change(path), 2 * plainly(path), atol=1e-5)
    tiny.adapter(path, model, "wan")
    alone = change(shutil.copy(path, tmp_path / "alone.safetensors"))
    assert torch.equal(change(path), alone)  # each layer has its own alpha


def refused(path, model, message):
    for act in (lambda: lora.check(path, model.config), lambda: lora.fuse(tiny.transformer(seed=5), Adapter(path))):
        with pytest.raises(InputError, match=message) as error:
            act()
        assert "\n" not in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize("unusual", [{"use_rslora": True}, {"alpha_pattern": {"q": 1}}, {"fan_in_fan_out": True}])
def test_unusual_settings_beside_are_refused(model, tmp_path, unusual):
    path = by_peft(tmp_path, model, settings=PEFT | unusual)
    refused(path, model, f"sets {next(iter(unusual))}, which is not supported")


@pytest.mark.parametrize("text", ["", "{", "[]", "version https://git-lfs.github.com/spec/v1"])
def test_settings_that_cannot_be_read(model, tmp_path, text):
    refused(by_peft(tmp_path, model, settings=text), model, "adapter_config.json cannot be read .*; copy it again")
    metadata = {LORA_ADAPTER_METADATA_KEY: text}
    save_file(load_file(tmp_path / "plain"), tmp_path / "said", metadata)
    refused(tmp_path / "said", model, "the metadata of .*said cannot be read .*; copy it again")


def test_an_alpha_that_is_no_number(model, tmp_path):
    refused(
        by_peft(tmp_path, model, settings=PEFT | {"lora_alpha": "8"}), model, "has lora_alpha '8', which is no number"
    )


@pytest.mark.parametrize("style", ["diffusers", "diffsynth", "wan", "musubi"])
@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda tensor: (tensor * 50).to(torch.int8), "holds whole numbers; give an adapter in bfloat16"),
        (lambda tensor: tensor * float("nan"), "holds NaN or infinity"),
        (lambda tensor: tensor / 0, "holds NaN or infinity"),
    ],
    ids=["int8", "nan", "inf"],
)
def test_numbers_that_no_adapter_has(model, tmp_path, style, spoil, message):
    tensors = load_file(tiny.adapter(tmp_path / "lora", model, style))
    key = next(key for key in sorted(tensors) if key.endswith(".weight"))
    save_file({**tensors, key: spoil(tensors[key])}, tmp_path / "lora")
    refused(tmp_path / "lora", model, f"{key.replace('.', '[.]')} {message}")


def test_an_alpha_of_a_layer_that_is_no_number(model, tmp_path):
    tensors = load_file(tiny.adapter(tmp_path / "lora", model, "musubi"))
    key = next(key for key in sorted(tensors) if key.endswith(".alpha"))
    save_file({**tensors, key: torch.tensor(float("nan"))}, tmp_path / "lora")
    refused(tmp_path / "lora", model, f"{key} holds NaN or infinity")
    whole = {each: tensor.int() if each.endswith(".alpha") else tensor for each, tensor in tensors.items()}
    save_file(whole, tmp_path / "whole")
    lora.check(tmp_path / "whole", model.config)  # 2 is as good as 2.0


def test_another_alpha_beside_is_another_model(checkpoint, model, tmp_path):
    by_peft(tmp_path, model)
    said = {"folder": str(tmp_path), "high": "adapter_model.safetensors", "alpha": 1.0}
    identity = model_manifest(str(checkpoint), said, [])["identity"]
    assert identity == model_manifest(str(checkpoint), said, [])["identity"]
    (tmp_path / "adapter_config.json").write_text(json.dumps(PEFT | {"lora_alpha": 1}))
    assert identity != model_manifest(str(checkpoint), said, [])["identity"]


@pytest.mark.parametrize(
    "named, files",
    [
        ("a/adapter_model.safetensors", ["a/adapter_model.safetensors", "a/adapter_config.json"]),
        ("adapter_model.safetensors", ["adapter_model.safetensors", "adapter_config.json"]),
        ("lora.safetensors", ["lora.safetensors"]),
    ],
)
def test_alpha_is_downloaded_too(named, files):
    source = {"repo": "me/mine", "revision": None}
    entry = {"folder": "x", "lora": {"source": source, "high": named, "alpha": 1.0}}
    assert completed({"mine": entry}, "models")["mine"]["lora"]["source"]["files"] == files
