import json
import shutil
import weakref

import pytest
import tiny
import torch

from chainofsteps import models
from chainofsteps.errors import InputError
from chainofsteps.files import sha256
from chainofsteps.models import Experts, check_checkpoint, load_text_encoder, load_transformer, load_vae


@pytest.fixture
def copy(checkpoint_two, tmp_path):
    return shutil.copytree(checkpoint_two, tmp_path / "copy")


def edit(path, **changes):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))


def test_what_is_in_a_checkpoint(checkpoint, checkpoint_two):
    found = check_checkpoint(checkpoint)
    assert found["class"] == "WanImageToVideoPipeline" and found["experts"] == ["high"]
    assert (found["layers"], found["latent_channels"], found["boundary"]) == (2, 16, None)
    listed = found["files"]["transformer/diffusion_pytorch_model.safetensors"]
    path = checkpoint / "transformer/diffusion_pytorch_model.safetensors"
    assert listed == {"bytes": path.stat().st_size, "sha256": sha256(path)}
    on_disk = {path.relative_to(checkpoint).as_posix() for path in checkpoint.rglob("*") if path.is_file()}
    assert set(found["files"]) == on_disk
    json.dumps(found)
    two = check_checkpoint(checkpoint_two)
    assert two["experts"] == ["high", "low"] and two["boundary"] == tiny.BOUNDARY


def test_loaded_weights_are_the_saved_ones(checkpoint_two):
    for name, seed in (("high", 3), ("low", 4)):
        loaded, saved = load_transformer(checkpoint_two, name), tiny.transformer(seed)
        assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), saved.parameters(), strict=True))
        assert not loaded.training and not any(weight.requires_grad for weight in loaded.parameters())
    vae = load_vae(checkpoint_two)
    assert all(torch.equal(a, b) for a, b in zip(vae.parameters(), tiny.vae().parameters(), strict=True))
    text_encoder, tokenizer = load_text_encoder(checkpoint_two)
    given = tokenizer("the red square", return_tensors="pt").input_ids
    assert given.tolist() == [[4, 5, 6, 1]]
    with torch.no_grad():
        expected = tiny.text_encoder()(given).last_hidden_state
        assert torch.equal(text_encoder(given).last_hidden_state, expected)


def test_dtype(checkpoint):
    model = load_transformer(checkpoint, dtype="bfloat16")
    assert model.dtype == torch.bfloat16
    assert model.scale_shift_table.dtype == torch.float32  # diffusers keeps a few modules in float32


def test_one_expert_in_memory_at_a_time(checkpoint_two, monkeypatch):
    loads = []
    load = models.load_transformer
    monkeypatch.setattr(models, "load_transformer", lambda *given: loads.append(given[1]) or load(*given))
    experts = Experts(checkpoint_two, tiny.sampling(boundary=tiny.BOUNDARY))
    assert loads == []
    high = experts.at(1000.0)
    assert experts.at(800.0) is high and loads == ["high"]
    gone = weakref.ref(high)
    del high
    low = experts.at(799.0)
    assert loads == ["high", "low"] and gone() is None
    assert torch.equal(low.proj_out.weight, tiny.transformer(4).proj_out.weight)
    assert experts.at(1.0) is low


def test_boundary_and_experts_must_fit(checkpoint, checkpoint_two):
    with pytest.raises(InputError, match="has one expert: set boundary to null"):
        Experts(checkpoint, tiny.sampling(boundary=0.9))
    with pytest.raises(InputError, match=r"has two experts: set boundary \(its model_index.json says 0.8\)"):
        Experts(checkpoint_two, tiny.sampling())


def refused(folder, message):
    with pytest.raises(InputError, match=message) as caught:
        check_checkpoint(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


def test_a_folder_that_is_no_checkpoint(tmp_path):
    refused(tmp_path, "has no model_index.json; check the folder")
    refused(tmp_path / "none", "has no model_index.json; check the folder")


def test_a_checkpoint_that_is_not_wan_image_to_video(copy):
    edit(copy / "model_index.json", _class_name="StableDiffusionPipeline")
    refused(copy, "holds a StableDiffusionPipeline; give a Wan image-to-video checkpoint")
    with pytest.raises(InputError, match="holds a StableDiffusionPipeline"):
        Experts(copy, tiny.sampling())
    edit(copy / "model_index.json", _class_name="WanImageToVideoPipeline", expand_timesteps=True)
    refused(copy, "expands timesteps .* not supported")
    edit(copy / "model_index.json", expand_timesteps=False)
    edit(copy / "transformer" / "config.json", in_channels=16)
    refused(copy, "is not image-to-video: its transformer takes 16 channels, not 36")
    for part in ("transformer", "transformer_2"):
        edit(copy / part / "config.json", in_channels=36, image_dim=16)
        refused(copy, "takes image embeddings too .* comes with a later release")
        edit(copy / part / "config.json", image_dim=None)
    edit(copy / "transformer" / "config.json", _class_name="FluxTransformer2DModel")
    refused(copy, "transformer is a FluxTransformer2DModel, not a WanTransformer3DModel")


@pytest.mark.parametrize("part", ["transformer", "transformer_2", "vae", "text_encoder"])
def test_a_part_that_is_missing_or_cut_short(copy, part):
    (weights,) = (copy / part).glob("*.safetensors")
    whole = weights.read_bytes()
    for size in (0, 4, 100, len(whole) - 1):
        weights.write_bytes(whole[:size])
        refused(copy, f"{part}/.*safetensors is cut short or not safetensors .*; copy it again")
    weights.unlink()
    refused(copy, f"{part} has no safetensors; copy or convert the weights")
    shutil.rmtree(copy / part)
    refused(copy, f"has no {part}/config.json; copy the whole checkpoint")


def test_loading_says_so_too(copy):
    for part, load in (
        ("transformer", load_transformer),
        ("vae", load_vae),
        ("text_encoder", load_text_encoder),
    ):
        (weights,) = (copy / part).glob("*.safetensors")
        weights.write_bytes(weights.read_bytes()[:-1])
        with pytest.raises(InputError, match="is cut short .*; copy it again"):
            load(copy)


def test_missing_tokenizer(copy):
    shutil.rmtree(copy / "tokenizer")
    refused(copy, "has no tokenizer folder")
    with pytest.raises(InputError, match="has no tokenizer folder"):
        load_text_encoder(copy)


def test_weights_in_several_files(copy):
    model = tiny.transformer(3)
    shutil.rmtree(copy / "transformer")
    model.save_pretrained(copy / "transformer", max_shard_size="20KB")
    shards = sorted((copy / "transformer").glob("*.safetensors"))
    assert len(shards) > 1
    check_checkpoint(copy)
    loaded = load_transformer(copy)
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), model.parameters(), strict=True))
    shards[0].unlink()
    refused(copy, f"{shards[0].name} is missing; copy the whole checkpoint")
