import json
import shutil

import pytest
import tiny
import torch
from transformers import CLIPVisionModel, CLIPVisionModelWithProjection

from chainofsteps.errors import InputError
from chainofsteps.files import sha256
from chainofsteps.model.load import (
    Experts,
    check_checkpoint,
    load_image_encoder,
    load_text_encoder,
    load_transformer,
    load_vae,
)


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


def test_text_tokens_must_fit_the_image_branch(checkpoint_of):
    with pytest.raises(InputError, match="set max_sequence_length to 512"):
        Experts(checkpoint_of("wan2.1-i2v"), tiny.sampling())


def refused(folder, message):
    with pytest.raises(InputError, match=message) as caught:
        check_checkpoint(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


def test_a_folder_that_is_no_checkpoint(tmp_path):
    refused(tmp_path, "has no model_index.json; give the folder of a diffusers checkpoint")
    refused(tmp_path / "none", "has no model_index.json; give the folder of a diffusers checkpoint")


def test_a_checkpoint_that_is_not_wan_image_to_video(copy):
    edit(copy / "model_index.json", _class_name="StableDiffusionPipeline")
    refused(copy, "holds a StableDiffusionPipeline; give a Wan image-to-video checkpoint")
    with pytest.raises(InputError, match="holds a StableDiffusionPipeline"):
        Experts(copy, tiny.sampling())
    edit(copy / "model_index.json", _class_name="WanImageToVideoPipeline")
    edit(copy / "transformer" / "config.json", in_channels=16)
    refused(copy, "is not image-to-video: its transformer takes 16 channels, not 36")
    edit(copy / "transformer" / "config.json", _class_name="FluxTransformer2DModel")
    refused(copy, "transformer is a FluxTransformer2DModel, not a WanTransformer3DModel")


def test_other_kinds_of_models_are_checkpoints_too(checkpoint_of, tmp_path):
    assert check_checkpoint(checkpoint_of("wan2.2-ti2v"))["latent_channels"] == 48
    assert "image_encoder/model.safetensors" in check_checkpoint(checkpoint_of("wan2.1-i2v"))["files"]
    copy = shutil.copytree(checkpoint_of("wan2.1-i2v"), tmp_path / "copy")
    shutil.rmtree(copy / "image_processor")
    refused(copy, "has no image_processor/preprocessor_config.json; copy the whole checkpoint")
    edit(copy / "transformer/config.json", pos_embed_seq_len=514)
    shutil.copytree(checkpoint_of("wan2.1-i2v") / "image_processor", copy / "image_processor")
    refused(copy, r"is given the last frame too \(FLF2V\), and there is none")
    (copy / "image_encoder/model.safetensors").unlink()
    refused(copy, "image_encoder has no (diffusion_pytorch_)?model.safetensors; copy or convert the weights")
    edit(copy / "image_encoder/config.json", architectures=["SiglipVisionModel"])
    refused(copy, "image_encoder is a SiglipVisionModel, not a CLIPVisionModel")
    shutil.rmtree(copy / "image_encoder")
    refused(copy, "has no image_encoder/config.json; copy the whole checkpoint")
    with pytest.raises(InputError, match="has no image_encoder/config.json"):
        load_image_encoder(copy)


def test_an_image_encoder_with_or_without_its_projection(checkpoint_of, tmp_path):
    """Folders of both are about; what the model is given is before it."""
    folder = checkpoint_of("wan2.1-i2v")
    with_projection, processor = load_image_encoder(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    CLIPVisionModel.from_pretrained(folder / "image_encoder").save_pretrained(copy / "image_encoder")
    without, _ = load_image_encoder(copy)
    assert type(with_projection) is CLIPVisionModelWithProjection and type(without) is CLIPVisionModel
    pixels = processor(tiny.TinyCase().first_frame, return_tensors="pt").pixel_values
    assert pixels.shape == (1, 3, 16, 16)
    one, other = (model(pixels, output_hidden_states=True).hidden_states[-2] for model in (with_projection, without))
    assert torch.equal(one, other) and one.shape == (1, 5, tiny.IMAGE_DIM)


def test_the_image_encoder_is_in_float32_whatever_its_file_is(tmp_path):
    folder = tiny.build(tmp_path / "bfloat16", kind="wan2.1-i2v", dtype=torch.bfloat16)
    assert load_image_encoder(folder)[0].dtype == torch.float32
    assert load_transformer(folder, dtype="bfloat16").dtype == torch.bfloat16


@pytest.mark.parametrize("part", ["transformer", "transformer_2", "vae", "text_encoder"])
def test_a_part_that_is_missing_or_cut_short(copy, part):
    (weights,) = (copy / part).glob("*.safetensors")
    whole = weights.read_bytes()
    for size in (0, 4, 100, len(whole) - 1):
        weights.write_bytes(whole[:size])
        refused(copy, f"{part}/.*safetensors is cut short or not safetensors .*; copy it again")
    weights.unlink()
    refused(copy, f"{part} has no (diffusion_pytorch_)?model.safetensors; copy or convert the weights")
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
    refused(copy, "has no tokenizer/tokenizer_config.json; copy the whole checkpoint")
    with pytest.raises(InputError, match="has no tokenizer/tokenizer_config.json"):
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
