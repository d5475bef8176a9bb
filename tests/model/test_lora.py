import json

import pytest
import tiny
import torch
from diffusers import WanImageToVideoPipeline
from diffusers.loaders.lora_base import LORA_ADAPTER_METADATA_KEY
from safetensors.torch import load_file, save_file

from chainofsteps.errors import InputError
from chainofsteps.files import sha256
from chainofsteps.model import lora
from chainofsteps.model.load import load_transformer
from chainofsteps.model.lora import Adapter

STYLES = ["diffusers", "diffsynth", "wan", "musubi"]


@pytest.fixture(params=STYLES)
def style(request):
    return request.param


@pytest.fixture(scope="module")
def model():
    return tiny.transformer(seed=5)


def changed(model, path, alpha=1.0):
    """A copy of the model with the adapter."""
    copy = tiny.transformer(seed=5) if model.config.image_dim is None else of_image()
    lora.fuse(copy, Adapter(path, alpha))
    return copy


def of_image():
    return tiny.transformer(seed=5, **tiny.OF_IMAGE)


def differing(one, other):
    """Names of the parameters that differ."""
    others = dict(other.named_parameters())
    return {name for name, weight in one.named_parameters() if not torch.equal(weight, others[name])}


def test_each_style_makes_the_weights_that_it_says(model, style, tmp_path):
    path = tiny.adapter(tmp_path / "lora.safetensors", model, style)
    tensors = load_file(path)
    fused = changed(model, path, alpha=0.5)
    for key, of_wan in (("blocks.1.attn1.to_q", "blocks.1.self_attn.q"), ("blocks.0.ffn.net.2", "blocks.0.ffn.2")):
        names = {
            "diffusers": [f"transformer.{key}.lora_{part}.weight" for part in "AB"],
            "diffsynth": [f"{of_wan}.lora_{part}.default.weight" for part in "AB"],
            "wan": [f"diffusion_model.{of_wan}.lora_{part}.weight" for part in ("down", "up")],
            "musubi": [f"lora_unet_{of_wan.replace('.', '_')}.lora_{part}.weight" for part in ("down", "up")],
        }
        down, up = (tensors[name] for name in names[style])
        scale = 0.5 * (tiny.LORA_ALPHA / tiny.RANK if style in ("wan", "musubi") else 1)
        before, after = (of.get_submodule(key) for of in (model, fused))
        assert torch.allclose(after.weight, before.weight + scale * up @ down, atol=1e-6)
        assert torch.equal(before.bias, after.bias) == (style != "wan")
        if style == "wan":
            of_bias = tensors[f"diffusion_model.{of_wan}.diff_b"]
            assert torch.allclose(after.bias, before.bias + 0.5 * of_bias, atol=1e-6)
    linear = {name for name, layer in model.named_modules() if isinstance(layer, torch.nn.Linear) and "blocks" in name}
    weights = {f"{name}.weight" for name in linear}
    assert differing(model, fused) == weights | ({f"{name}.bias" for name in linear} if style == "wan" else set())


def test_the_styles_are_the_same_adapter(model, tmp_path):
    diffusers, diffsynth = (tiny.adapter(tmp_path / style, model, style) for style in STYLES[:2])
    assert differing(changed(model, diffusers), changed(model, diffsynth)) == set()
    assert differing(changed(model, diffusers), model)


def test_the_image_branch_has_adapters_too(style, tmp_path):
    model = of_image()
    fused = changed(model, tiny.adapter(tmp_path / "lora", model, style))
    assert {"blocks.0.attn2.add_k_proj.weight", "blocks.1.attn2.add_v_proj.weight"} <= differing(model, fused)


@pytest.mark.parametrize("experts", ["high", "high and low"])
@pytest.mark.parametrize("style", ["diffusers", "wan", "musubi"])  # that of DiffSynth it leaves out with a warning
def test_it_is_what_the_stock_loader_makes(style, experts, checkpoint, checkpoint_two, tmp_path):
    pytest.importorskip("peft", reason="the LoRA loader of diffusers needs peft, which nothing else here does")
    folder = checkpoint if experts == "high" else checkpoint_two
    pipeline = WanImageToVideoPipeline.from_pretrained(folder)
    for expert in experts.split(" and "):
        ours = load_transformer(folder, expert)
        path = tiny.adapter(tmp_path / f"{expert}.safetensors", ours, style, seed=len(expert))
        pipeline.load_lora_weights(path, load_into_transformer_2=expert == "low", adapter_name=expert)
        lora.fuse(ours, Adapter(path, 0.75))
        component = "transformer" if expert == "high" else "transformer_2"
        pipeline.fuse_lora([component], lora_scale=0.75)
        stock = getattr(pipeline, component)
        stock.unload_lora()
        assert differing(ours, stock) == set() != differing(ours, load_transformer(folder, expert))


def test_alpha_of_the_metadata(model, tmp_path):
    """As diffusers saves an adapter whose alpha is not its rank."""
    plain = tiny.adapter(tmp_path / "plain", model, "diffusers")
    config = {"transformer.r": tiny.RANK, "transformer.lora_alpha": 8, "transformer.use_rslora": False}
    save_file(load_file(plain), tmp_path / "said", {LORA_ADAPTER_METADATA_KEY: json.dumps(config)})
    assert differing(changed(model, tmp_path / "said"), changed(model, plain, alpha=8 / tiny.RANK)) == set()


def test_bfloat16_weights_are_rounded_once(checkpoint, tmp_path):
    model, key = load_transformer(checkpoint, dtype="bfloat16"), "blocks.0.attn1.to_q"
    path = tiny.adapter(tmp_path / "lora", model, "diffusers")
    down, up = (load_file(path)[f"transformer.{key}.lora_{part}.weight"] for part in "AB")
    exact = model.get_submodule(key).weight.float() + up @ down
    lora.fuse(model, Adapter(path))
    assert torch.equal(model.get_submodule(key).weight, exact.bfloat16())


def test_the_checkpoint_on_disk_stays_as_it_is(checkpoint, tmp_path):
    """The weights are mapped from the file, and written to."""
    weights = checkpoint / "transformer/diffusion_pytorch_model.safetensors"
    before, model = sha256(weights), load_transformer(checkpoint)
    lora.fuse(model, Adapter(tiny.adapter(tmp_path / "lora", model, "diffsynth")))
    assert sha256(weights) == before and differing(model, load_transformer(checkpoint))


def test_a_check_holds_no_two_matrices_at_once(model, style, tmp_path, monkeypatch):
    path = tiny.adapter(tmp_path / "lora", model, style)
    monkeypatch.setattr(lora, "load_tensors", None)
    lora.check(path, model.config)


def refused(path, model, message):
    for act in (lambda: lora.check(path, model.config), lambda: lora.fuse(model, Adapter(path))):
        with pytest.raises(InputError, match=message) as caught:
            act()
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert differing(model, tiny.transformer(seed=5)) == set()  # nothing was half done


def pair(layer, rows=24):
    """Two matrices for a layer of width 24, by the keys that DiffSynth gives them."""
    return {f"{layer}.lora_{part}.default.weight": torch.ones(rows, 24) for part in "AB"}


Q = "blocks.0.self_attn.q"
SPOILT = {
    "no file": (None, "there is no adapter"),
    "no tensor": ({}, "holds no LoRA"),
    "one matrix": ({f"{Q}.lora_A.weight": torch.ones(2, 24)}, "has one matrix of two for blocks.0.attn1.to_q"),
    "shapes": (pair(Q, rows=2), r"changes blocks.0.attn1.to_q by \(2, 24\) x \(2, 24\), but its weight is 24 x 24"),
    "a layer that is not there": (
        pair("blocks.7.self_attn.q"),
        "changes blocks.7.attn1.to_q, which the model does not have",
    ),
    "an image branch that is not there": (
        pair("blocks.0.cross_attn.k_img") | pair("blocks.0.cross_attn.v_img"),
        "changes blocks.0.attn2.add_k_proj, which the model does not have",
    ),
    "another model": (
        pair("diffusion_model.double_blocks.0.img_attn.qkv"),
        "is no LoRA of Wan that diffusers can read",
    ),
    "a text encoder's": (
        pair("text_encoder.layers.0.q_proj"),
        "changes text_encoder.layers.0.q_proj, which the model does not have",
    ),
    "changes that diffusers leaves out": (
        {**pair(Q), "blocks.0.norm3.diff": torch.ones(24)},
        "changes diffusion_model.blocks.0.norm3.diff, which diffusers leaves out",
    ),
    "a DoRA": (
        {**pair("transformer.blocks.0.attn1.to_q"), "transformer.blocks.0.attn1.to_q.dora_scale": torch.ones(24)},
        "is a DoRA, which is not supported",
    ),
    "a bias of another size": ({**pair(Q), f"{Q}.diff_b": torch.ones(23)}, "changes the bias of blocks.0.attn1.to_q"),
    "no LoRA": ({"transformer.proj_out.weight": torch.ones(24, 24)}, "has the key transformer.proj_out.weight, which"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_an_adapter_that_does_not_fit_is_one_line(what, tmp_path):
    tensors, message = SPOILT[what]
    path = tmp_path / "lora.safetensors"
    if tensors is not None:
        save_file(tensors, path)
    refused(path, tiny.transformer(seed=5), message)


def test_a_layer_norm_change_of_zeros_is_none(model, tmp_path):
    """Some adapters list the norms, unchanged."""
    path = tiny.adapter(tmp_path / "lora", model, "wan")
    save_file({**load_file(path), "diffusion_model.blocks.0.norm3.diff": torch.zeros(24)}, tmp_path / "zeros")
    assert differing(changed(model, path), changed(model, tmp_path / "zeros")) == set()


def test_a_file_cut_short_or_pickled(model, tmp_path):
    path = tiny.adapter(tmp_path / "lora", model, "wan")
    path.write_bytes(path.read_bytes()[:-1])
    refused(path, tiny.transformer(seed=5), "is cut short or not safetensors .*; copy it again")
    torch.save({"a": torch.ones(1)}, path)
    refused(path, tiny.transformer(seed=5), "is cut short or not safetensors .*; copy it again")


@pytest.mark.parametrize("unusual", [{"alpha_pattern": {"to_q": 2}}, {"use_rslora": True}, {"use_dora": True}])
def test_an_unusual_adapter_is_refused(unusual, model, tmp_path):
    plain = load_file(tiny.adapter(tmp_path / "plain", model, "diffusers"))
    config = {f"transformer.{key}": value for key, value in unusual.items()}
    save_file(plain, tmp_path / "said", {LORA_ADAPTER_METADATA_KEY: json.dumps(config)})
    refused(tmp_path / "said", tiny.transformer(seed=5), f"sets {next(iter(unusual))}, which is not supported")


def test_the_adapters_of_a_manifest():
    said = {"lora": {"high": {"file": "h", "sha256": ""}, "low": {"file": "l", "sha256": ""}, "alpha": 0.5}}
    found = lora.adapters_in(said)
    assert {name: (str(one.path), one.alpha) for name, one in found.items()} == {"high": ("h", 0.5), "low": ("l", 0.5)}
    assert lora.adapters_in({}) == {}


PARTS = {
    "attention alone": lambda key: "ffn" not in key,
    "one block": lambda key: "blocks_1_" in key or "blocks.1." in key,
    "one layer": lambda key: "blocks_0_ffn_0" in key or "blocks.0.ffn.0" in key or "blocks.0.ffn.net.0.proj" in key,
}


@pytest.mark.parametrize("part", PARTS)
def test_an_adapter_of_some_layers_changes_these_alone(model, style, part, tmp_path):
    """As much as the whole adapter does, and what it says nothing of stays."""
    path = tiny.adapter(tmp_path / "lora", model, style)
    kept = {key: tensor for key, tensor in load_file(path).items() if PARTS[part](key)}
    save_file(kept, tmp_path / "part")
    lora.check(tmp_path / "part", model.config)
    whole, some = changed(model, path), changed(model, tmp_path / "part")
    apart = differing(whole, some)
    assert apart and differing(some, model) == differing(whole, model) - apart
    assert {name for name in differing(some, model) if name.endswith("weight")}


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.bfloat16])
def test_matrices_of_few_bits_are_the_numbers_that_they_hold(model, style, dtype, tmp_path):
    path = tiny.adapter(tmp_path / "lora", model, style)
    few = {key: tensor.to(dtype) for key, tensor in load_file(path).items()}
    save_file(few, tmp_path / "few")
    save_file({key: tensor.float() for key, tensor in few.items()}, tmp_path / "same")
    lora.check(tmp_path / "few", model.config)
    same = changed(model, tmp_path / "same")
    for name, weight in changed(model, tmp_path / "few").named_parameters():
        assert torch.allclose(weight, same.get_parameter(name), atol=1e-2), name


@pytest.mark.parametrize("prefix", ["base_model.model.", "pipe.dit."])
def test_prefixes_of_other_programs_are_left_out(model, style, prefix, tmp_path):
    path = tiny.adapter(tmp_path / "lora", model, style)
    save_file({prefix + key: tensor for key, tensor in load_file(path).items()}, tmp_path / "named")
    lora.check(tmp_path / "named", model.config)
    assert differing(changed(model, path), changed(model, tmp_path / "named")) == set()


def test_keys_of_no_known_style_are_shown(model, tmp_path):
    save_file(pair("diffusion_model.double_blocks.0.img_attn.qkv"), tmp_path / "lora")
    refused(
        tmp_path / "lora", tiny.transformer(seed=5), "its first key is diffusion_model.double_blocks.0.img_attn.qkv"
    )
