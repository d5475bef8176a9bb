"""Tensors that are not those of their network stop in one line, before anything is queued."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from chainofsteps.errors import InputError
from chainofsteps.model.load import check_checkpoint

OF_DIFFUSERS, OF_TRANSFORMERS = "diffusion_pytorch_model.safetensors", "model.safetensors"
LAYER = "blocks.1.attn1.to_k.bias"


def scaled(tensors):
    """As checkpoints of eight bits have it: weights over their largest value, which is a tensor of its own."""
    matrices = {key: tensor for key, tensor in tensors.items() if key.endswith("weight") and tensor.ndim == 2}
    of_eight = {key: (tensor / tensor.abs().max()).to(torch.float8_e4m3fn) for key, tensor in matrices.items()}
    scales = {f"{key[: -len('weight')]}scale_weight": tensor.abs().max() for key, tensor in matrices.items()}
    return {**tensors, **of_eight, **scales}


def without(words):
    return lambda tensors: {key: tensor for key, tensor in tensors.items() if words not in key}


def prefixed(prefix):
    return lambda tensors: {prefix + key: tensor for key, tensor in tensors.items()}


def of_whole_numbers(words):
    return lambda tensors: {
        key: (tensor * 127).to(torch.int8) if words in key and tensor.ndim == 2 else tensor
        for key, tensor in tensors.items()
    }


def more(tensors):
    return {**tensors, "blocks.7.attn1.to_k.bias": torch.zeros(2)}


def shorter(tensors):
    return {**tensors, LAYER: tensors[LAYER][:-1].clone()}


SPOILT = {
    "scales": ("transformer", scaled, "has weights with scales of their own"),
    "torch.compile": (
        "transformer",
        prefixed("_orig_mod."),
        "begins with _orig_mod. .*save the model that was compiled",
    ),
    "a wrapper": ("vae", prefixed("module."), "begins with module. .*save its module"),
    "a tensor less": ("transformer", without(LAYER), f"lacks the tensor {LAYER}, which a WanTransformer3DModel has"),
    "a layer less": (
        "text_encoder",
        without("block.1.layer.0"),
        "text_encoder lacks the tensor encoder.block.1.layer.0",
    ),
    "the VAE's": ("vae", without("post_quant_conv"), "vae lacks the tensor post_quant_conv"),
    "a layer more": (
        "transformer",
        more,
        "has the tensor blocks.7.attn1.to_k.bias, which a WanTransformer3DModel of its",
    ),
    "whole numbers": (
        "transformer",
        of_whole_numbers("attn1.to_q"),
        r"blocks.0.attn1.to_q.weight holds whole numbers \(I8\), as of a quantised model",
    ),
    "whole numbers of transformers": ("text_encoder", of_whole_numbers("block.1"), r"holds whole numbers \(I8\)"),
    "another shape": (
        "transformer",
        shorter,
        rf"{LAYER} is 23, and 24 by its config.json; give the config.json of these",
    ),
}


@pytest.fixture
def folder(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def rewrite(folder, part, change):
    path = folder / part / (OF_TRANSFORMERS if part == "text_encoder" else OF_DIFFUSERS)
    save_file(change(load_file(path)), path, {"format": "pt"})


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_not_the_network_is_named(folder, what):
    part, change, message = SPOILT[what]
    rewrite(folder, part, change)
    with pytest.raises(InputError, match=message) as caught:
        check_checkpoint(folder)
    assert "\n" not in str(caught.value) and str(folder / part) in str(caught.value)


@pytest.mark.parametrize("part", ["transformer", "text_encoder"])
def test_quantised_weights_are_refused(folder, part):
    path = folder / part / "config.json"
    quantised = {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}
    path.write_text(json.dumps({**json.loads(path.read_text()), **quantised}))
    with pytest.raises(InputError, match=r"is quantised \(bitsandbytes\); give weights in bfloat16"):
        check_checkpoint(folder)


def test_a_variant_is_named(folder):
    path = folder / "transformer" / OF_DIFFUSERS
    path.rename(path.with_name("diffusion_pytorch_model.fp16.safetensors"))
    with pytest.raises(InputError, match="rename diffusion_pytorch_model.fp16.safetensors to it"):
        check_checkpoint(folder)


def test_tied_embeddings_may_have_either_name(folder):
    """T5 has its embeddings under two names; a file has one of them, or both."""
    path = folder / "text_encoder" / OF_TRANSFORMERS
    tensors = load_file(path)
    names = {"shared.weight", "encoder.embed_tokens.weight"} & set(tensors)
    embeddings = tensors[next(iter(names))]
    rest = {key: tensor for key, tensor in tensors.items() if key not in names}
    for given in (["shared.weight"], ["encoder.embed_tokens.weight"], ["shared.weight", "encoder.embed_tokens.weight"]):
        save_file({**rest, **{name: embeddings.clone() for name in given}}, path, {"format": "pt"})
        check_checkpoint(folder)
    save_file(rest, path, {"format": "pt"})
    with pytest.raises(InputError, match="text_encoder lacks the tensor (shared|encoder.embed_tokens).weight"):
        check_checkpoint(folder)


@pytest.mark.parametrize("kind", ["wan2.1-i2v", "wan2.2-ti2v"])
def test_checkpoints_of_every_kind_are_whole(checkpoint_of, kind):
    assert check_checkpoint(checkpoint_of(kind))["files"]


def in_two_files(folder, part, change):
    """The weights of a part in two files with their index; change: of (first, second, index)."""
    path = folder / part / (OF_TRANSFORMERS if part == "text_encoder" else OF_DIFFUSERS)
    tensors = load_file(path)
    parts = [{key: tensors[key] for key in sorted(tensors)[first::2]} for first in (0, 1)]
    names = [f"{path.stem}-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = {key: name for name, part in zip(names, parts, strict=True) for key in part}
    change(*parts, index)
    for name, part in zip(names, parts, strict=True):
        save_file(part, path.with_name(name), {"format": "pt"})
    path.with_name(f"{path.name}.index.json").write_text(json.dumps({"weight_map": index} if index else {}))
    return path


@pytest.mark.parametrize("part", ["transformer", "text_encoder"])
def test_weights_in_several_files(folder, part):
    path = in_two_files(folder, part, lambda first, second, index: None)
    with pytest.raises(InputError, match=rf"{part} has both {path.name} and {path.name}.index.json; delete one"):
        check_checkpoint(folder)
    path.unlink()
    assert check_checkpoint(folder)["files"]
    in_the_first = next(iter(load_file(path.with_name(f"{path.stem}-00001-of-00002.safetensors"))))
    rewrite_second = path.with_name(f"{path.stem}-00002-of-00002.safetensors")
    save_file({**load_file(rewrite_second), in_the_first: torch.zeros(1)}, rewrite_second, {"format": "pt"})
    with pytest.raises(InputError, match=rf"{part} has the tensor {in_the_first} in two files"):
        check_checkpoint(folder)


def test_an_index_without_its_section(folder):
    in_two_files(folder, "transformer", lambda first, second, index: index.clear()).unlink()
    with pytest.raises(InputError, match="safetensors.index.json has no section weight_map; copy the whole checkpoint"):
        check_checkpoint(folder)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"


@pytest.mark.parametrize(
    "name", [f"transformer/{OF_DIFFUSERS}", "vae/config.json", "model_index.json", "tokenizer/tokenizer.json"]
)
def test_a_pointer_of_git_is_named(folder, name):
    (folder / name).write_text(POINTER)
    with pytest.raises(InputError, match=f"{name} is a pointer of Git LFS and not the file; run `git lfs pull`"):
        check_checkpoint(folder)


def test_a_download_that_is_not_at_its_end(folder):
    """aria2c gives a file its full length at once: nothing of the file itself tells."""
    path = folder / "vae" / OF_DIFFUSERS
    path.with_name(f"{path.name}.aria2").write_bytes(b"")
    with pytest.raises(InputError, match=f"{OF_DIFFUSERS} is not downloaded to its end: .*run aria2c again"):
        check_checkpoint(folder)


def test_the_checkpoint_nearby_is_named(folder, tmp_path):
    """A part's folder, the folder around it, and a cache of the hub."""
    snapshot = tmp_path / "models--me--mine/snapshots/0123"
    shutil.copytree(folder, snapshot)
    for wrong, right in ((folder / "vae", folder), (tmp_path, folder), (snapshot.parents[1], snapshot)):
        with pytest.raises(InputError, match=f"{wrong} is not a diffusers checkpoint: .*; give {right}, which has one"):
            check_checkpoint(wrong)
    with pytest.raises(InputError, match="give the folder of a diffusers checkpoint"):
        check_checkpoint(tmp_path / "none")


@pytest.mark.parametrize("named", ["x", [], None, ["diffusers"]])
def test_an_index_that_names_no_class(folder, named):
    path = folder / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "transformer": named}))
    with pytest.raises(InputError, match="has no transformer in its model_index.json"):
        check_checkpoint(folder)
