import gc
import json
import shutil
import weakref
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
import torch
from diffusers import WanTransformer3DModel
from diffusers.hooks.group_offloading import ModuleGroup
from transformers import CLIPVisionModel, CLIPVisionModelWithProjection

from chainofsteps import models
from chainofsteps.denoise import denoise, initial_latents
from chainofsteps.errors import InputError
from chainofsteps.files import sha256
from chainofsteps.lora import Adapter
from chainofsteps.models import (
    Experts,
    check_adapters,
    check_checkpoint,
    load_image_encoder,
    load_text_encoder,
    load_transformer,
    load_vae,
)
from chainofsteps.schedule import sigmas
from chainofsteps.taps import Tap


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


def alive():
    """(bytes of all tensors in memory, by where they lie, each storage once; all transformers)."""
    found = gc.get_objects()
    tensors = [one for one in found if type(one) in (torch.Tensor, torch.nn.Parameter) and one.device.type != "meta"]
    storages = {one.data_ptr(): one.nbytes() for one in (tensor.untyped_storage() for tensor in tensors)}
    return storages, [one for one in found if type(one) is WanTransformer3DModel]


def peak(folder, boundary, monkeypatch):
    """(most bytes of all tensors, most of the weights of transformers) that a run had at once, at loads and blocks."""
    gc.collect()
    before, others = alive()
    others, most = weakref.WeakSet(others), [0, 0]

    def look(_hidden_states=None):
        storages, models = alive()
        now = sum(size for place, size in storages.items() if place not in before)
        of_weights = sum(bytes_of(model) for model in models if model not in others)
        most[:] = max(most[0], now), max(most[1], of_weights)
        return torch.zeros(1)

    load = models.load_transformer
    monkeypatch.setattr(models, "load_transformer", lambda *given: (look(), load(*given), look())[1])
    settings = tiny.sampling(boundary=boundary)
    tap = Tap(range(tiny.LAYERS), [0, settings.steps - 1], reducer=look)  # one step of each expert
    velocity = tiny.guided_velocity(folder, settings, tap=tap)
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    denoise(velocity, noise, sigmas(settings.steps, settings.shift))
    monkeypatch.undo()
    return most


def bytes_of(model):
    return sum(weight.nbytes for weight in model.parameters())


def test_offloaded_layers_come_when_they_run_and_say_the_same(checkpoint_two, monkeypatch):
    """The CPU is both sides here and nothing would go away; so what diffusers sends away is NaN until it comes back."""
    away = {}

    def weights(group):
        return {*group.parameters, *(weight for module in group.modules for weight in module.parameters())}

    def send(group):
        if not isinstance(group.offload_leader, WanTransformer3DModel):  # its own table: `head` fetches that itself
            for weight in weights(group):
                away.setdefault(weight, weight.data)
                weight.data = torch.full_like(weight.data, torch.nan)

    def fetch(group):
        for weight in weights(group):
            weight.data = away.pop(weight)

    settings = tiny.sampling(boundary=tiny.BOUNDARY)
    noise = initial_latents(tiny.LATENTS_SHAPE, "00000", 1)
    plain = tiny.guided_velocity(checkpoint_two, settings)
    velocity = tiny.guided_velocity(checkpoint_two, replace(settings, group_offload=True))
    monkeypatch.setattr(ModuleGroup, "_offload_to_memory", send)
    monkeypatch.setattr(ModuleGroup, "_onload_from_memory", fetch)
    for step in (0, settings.steps - 1):  # of either expert
        assert torch.equal(velocity(noise, step), plain(noise, step))
        here = [name for name, weight in velocity.model_at(step).named_parameters() if not weight.isnan().all()]
        assert here == ["scale_shift_table"], "the rest is away again"


def test_two_experts_take_the_memory_of_one(tmp_path, monkeypatch):
    """Of wide blocks, so that a second expert could not hide behind the activations."""
    folder = tiny.build(tmp_path / "two")
    for seed, part in ((3, "transformer"), (4, "transformer_2")):
        tiny.transformer(seed, ffn_dim=4096).save_pretrained(folder / part)
    whole, of_expert = peak(folder, None, monkeypatch)  # the index names one, and never mind the other
    assert of_expert == bytes_of(load_transformer(folder)) > 0.6 * whole
    index = {"transformer_2": ["diffusers", "WanTransformer3DModel"], "boundary_ratio": tiny.BOUNDARY}
    edit(folder / "model_index.json", **index)
    both = peak(folder, tiny.BOUNDARY, monkeypatch)
    assert both[1] == of_expert  # one expert ...
    assert both[0] < whole + 0.1 * of_expert  # ... and the activations of one


@pytest.fixture(scope="module")
def adapters(tmp_path_factory):
    """An adapter for each expert of checkpoint_two."""
    folder = tmp_path_factory.mktemp("adapters")
    models = {"high": tiny.transformer(3), "low": tiny.transformer(4)}
    return {
        name: Adapter(tiny.adapter(folder / name, model, "diffsynth", seed=len(name))) for name, model in models.items()
    }


def test_each_expert_has_its_adapter(checkpoint_two, adapters):
    settings = tiny.sampling(boundary=tiny.BOUNDARY)
    plain, changed = Experts(checkpoint_two, settings), Experts(checkpoint_two, settings, adapters)
    only_high = Experts(checkpoint_two, settings, {"high": adapters["high"]})
    for timestep in (1000.0, 1.0, 1000.0):
        weights = [experts.at(timestep).blocks[0].attn1.to_q.weight for experts in (plain, changed, only_high)]
        assert not torch.equal(weights[0], weights[1])
        assert torch.equal(weights[1] if timestep == 1000.0 else weights[0], weights[2])


def test_experts_of_a_manifest(checkpoint_two, adapters):
    lora = {name: {"file": str(adapter.path), "sha256": ""} for name, adapter in adapters.items()}
    manifest = {"folder": str(checkpoint_two), "lora": {**lora, "alpha": 0.5}}
    found = Experts.of(manifest, tiny.sampling(boundary=tiny.BOUNDARY))
    assert {name: (one.path, one.alpha) for name, one in found.adapters.items()} == {
        name: (one.path, 0.5) for name, one in adapters.items()
    }
    assert Experts.of({"folder": checkpoint_two}, tiny.sampling(boundary=tiny.BOUNDARY)).adapters == {}


def test_every_script_takes_the_adapters_of_its_model():
    scripts = Path(models.__file__).parents[2] / "scripts"
    texts = {path.name: path.read_text() for path in scripts.glob("*.py")}
    assert "Experts.of(" in texts["trajectory.py"] and "check_adapters(" in texts["model.py"]
    assert [name for name, text in texts.items() if "Experts(" in text or "load_transformer(" in text] == []


def test_adapters_that_do_not_fit_the_checkpoint(checkpoint, checkpoint_two, adapters, tmp_path):
    paths = {name: adapter.path for name, adapter in adapters.items()}
    check_adapters(checkpoint_two, paths)
    deeper = tiny.adapter(tmp_path / "deeper", tiny.transformer(3, layers=3), "wan")
    with pytest.raises(InputError, match="deeper changes blocks.2.*, which the model does not have"):
        check_adapters(checkpoint_two, {**paths, "low": deeper})


def test_boundary_and_experts_must_fit(checkpoint, checkpoint_two):
    with pytest.raises(InputError, match="has one expert: set boundary to null"):
        Experts(checkpoint, tiny.sampling(boundary=0.9))
    with pytest.raises(InputError, match=r"has two experts: set boundary \(its model_index.json says 0.8\)"):
        Experts(checkpoint_two, tiny.sampling())


def test_text_tokens_must_fit_the_image_branch(checkpoint_of):
    with pytest.raises(InputError, match="set max_sequence_length to 512"):
        Experts(checkpoint_of("wan2.1-i2v"), tiny.sampling())


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
    refused(copy, "image_encoder has no safetensors; copy or convert the weights")
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
