"""The experts of a model: one in memory at a time, each with its adapter, perhaps with its layers elsewhere."""

import gc
import weakref
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
import torch
from diffusers import WanTransformer3DModel
from diffusers.hooks.group_offloading import ModuleGroup

from chainofsteps.errors import InputError
from chainofsteps.files import read_json, write_json
from chainofsteps.model import load as models
from chainofsteps.model.load import Experts, check_adapters, load_transformer
from chainofsteps.model.lora import Adapter
from chainofsteps.model.schedule import sigmas
from chainofsteps.run.denoise import denoise, initial_latents
from chainofsteps.run.taps import Tap


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


def test_weights_that_run_on_a_gpu_are_read_and_not_mapped_wherever_they_lie(checkpoint, monkeypatch):
    asked, load = [], WanTransformer3DModel.from_pretrained
    monkeypatch.setattr(
        WanTransformer3DModel,
        "from_pretrained",
        lambda *given, **how: asked.append(how["disable_mmap"]) or load(*given, **how),
    )
    monkeypatch.setattr(tiny.Sampling, "placed", lambda _sampling, model: model)  # no GPU here
    for how in ({"device": "cpu"}, {"device": "cuda", "group_offload": True}):
        assert Experts(checkpoint, tiny.sampling(**how)).at(1000.0).device.type == "cpu"
    assert asked == [False, True]


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
    write_json(folder / "model_index.json", {**read_json(folder / "model_index.json"), **index})
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
    root = Path(__file__).parents[2]
    paths = [*root.glob("scripts/*.py"), *root.glob("src/chainofsteps/probes/**/*.py")]
    texts = {str(path.relative_to(root)): path.read_text() for path in paths}
    assert "Experts.of(" in texts["src/chainofsteps/probes/network.py"]
    assert [name for name, text in texts.items() if "Experts(" in text or "load_transformer(" in text] == []
    assert "check_adapters(" in Path(root, "src/chainofsteps/store/model.py").read_text()


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
