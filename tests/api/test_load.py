"""Models by folder, by entry of config.yaml and by hub name, and where their settings come from."""

import json
import shutil
from pathlib import Path

import pytest
import tiny
import torch
import yaml

import chainofsteps as cos
from chainofsteps.config.read import load_config
from chainofsteps.model.load import load_transformer
from chainofsteps.model.lora import Adapter
from chainofsteps.model.sampling import Sampling
from chainofsteps.run.denoise import initial_latents

ROOT = Path(__file__).parents[2]
CONFIG = load_config(ROOT / "config.yaml")


@pytest.mark.parametrize("source", ["models/embedded", "embedded", ROOT / "models" / "embedded"])
def test_the_settings_are_those_of_the_entry(source):
    model = cos.load(source)
    assert model.sampling == Sampling.from_config(CONFIG["models"]["embedded"])
    assert model.settings_from == "models.embedded of config.yaml" and model.layers == 8
    assert model.folder.resolve() == ROOT / "models" / "embedded"


@pytest.mark.parametrize("place", ["notebooks", "/"])
def test_a_notebook_may_lie_anywhere(place, monkeypatch):
    monkeypatch.chdir(ROOT / place)
    assert cos.load("models/embedded_experts").sampling.boundary == 0.9


def test_settings_that_are_passed_win():
    settings = {"steps": 7, "shift": 5.0, "guidance_scale": 2.5, "batch_size": 3, "dtype": "bfloat16", "device": "cpu"}
    sampling = cos.load("models/embedded", **settings).sampling
    assert {name: getattr(sampling, name) for name in settings} == settings and sampling.max_sequence_length == 24


def test_without_an_entry_the_files_of_the_checkpoint_say_shift_and_boundary(checkpoint_two, tmp_path):
    folder = shutil.copytree(checkpoint_two, tmp_path / "mine")
    scheduler = folder / "scheduler" / "scheduler_config.json"
    with pytest.raises(
        cos.InputError, match=r"mine has no entry in a config.yaml; pass steps= and guidance_scale=, or"
    ):
        cos.load(folder)
    model = cos.load(folder, steps=6, guidance_scale=3.0)
    assert (model.sampling.shift, model.sampling.boundary) == (3.0, tiny.BOUNDARY)
    assert model.settings_from == f"the files of {folder}"
    scheduler.write_text(json.dumps({"_class_name": "UniPCMultistepScheduler", "flow_shift": 5.5}))
    assert cos.load(folder, steps=6, guidance_scale=3.0).sampling.shift == 5.5


def test_like_takes_the_settings_of_another_entry(checkpoint_two):
    sampling = cos.load(checkpoint_two, like="vbvr-wan2.2", device="cpu").sampling
    assert (sampling.steps, sampling.guidance_scale, sampling.boundary) == (50, 5.0, 0.875)
    with pytest.raises(cos.InputError, match="has no model 'vbvr'; known are embedded, "):
        cos.load(checkpoint_two, like="vbvr")


def test_a_configuration_of_your_own_has_entries_and_adapters(checkpoint, tmp_path):
    adapter = tiny.adapter(tmp_path / "high.safetensors", load_transformer(checkpoint), "diffusers")
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    entry = {"like": "embedded", "folder": str(checkpoint), "steps": 5}
    lora = {"folder": str(tmp_path), "high": adapter.name, "alpha": 0.5}
    config["models"] |= {"mine": entry, "changed": {**entry, "lora": lora}}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump({**config, "model": "mine"}))
    plain, changed = (cos.load(name, config=tmp_path / "run.yaml", device="cpu") for name in ("mine", "changed"))
    assert plain.settings_from == "models.mine of run.yaml" and plain.sampling == changed.sampling
    by_hand = tiny.guided_velocity(checkpoint, plain.sampling, {"high": Adapter(adapter, 0.5)})
    noise, case = initial_latents(tiny.LATENTS_SHAPE, "00000", 1), cos.puzzle("loop_maze")
    by_hand.conditioning = plain.encode(case)[0].to("cpu", torch.float32)
    assert torch.equal(changed.velocity(case)(noise, 2), by_hand(noise, 2))
    assert not torch.equal(changed.velocity(case)(noise, 2), plain.velocity(case)(noise, 2))


@pytest.fixture
def hub(monkeypatch, checkpoint):
    """Downloads, each answered with the tiny checkpoint: (source, folder) of all of them."""
    asked = []

    def fetch(source, folder):
        asked.append((source, Path(folder)))
        shutil.copytree(checkpoint, folder)

    monkeypatch.setattr("chainofsteps.api.loading.fetch", fetch)
    return asked


def test_a_hub_name_is_downloaded_once_and_pinned_as_config_yaml_says(hub, tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"models_folder": str(tmp_path / "weights")}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    source = config["models"]["wan2.2-i2v-a14b"]["source"]
    for _ in range(2):
        model = cos.load(source["repo"], config=tmp_path / "run.yaml", boundary=None, device="cpu")
        assert model.settings_from == "models.wan2.2-i2v-a14b of run.yaml" and model.sampling.steps == 50
    cos.load("me/mine", config=tmp_path / "run.yaml", revision="abc", like="embedded")
    assert [(source["repo"], source["revision"]) for source, _ in hub] == [
        (source["repo"], source["revision"]),
        ("me/mine", "abc"),
    ]
    assert [folder.relative_to(tmp_path / "weights").as_posix() for _, folder in hub] == [
        f"{source['repo']}/{source['revision']}",
        "me/mine/abc",
    ]


@pytest.mark.parametrize(
    ("source", "settings", "words"),
    [
        ("embeded", {}, "no model 'embeded': no folder has this name, and no entry of config.yaml"),
        ("models/embeded", {}, "no model 'models/embeded': no folder has this name"),
        ("tests", {}, "tests is not a diffusers checkpoint: it has no model_index.json"),
        ("embedded", {"step": 4}, "unknown sampling setting 'step': known are "),
        ("embedded", {"boundary": 0.9}, "has one expert: set boundary to null"),
        ("embedded", {"dtype": "float8"}, "dtype is 'float8': choose one of float32, "),
        ("ltx-2.3", {}, "model 'ltx-2.3' cannot run yet: "),
    ],
)
def test_bad_input_is_one_line_that_names_it(source, settings, words, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(cos.InputError, match=words) as caught:
        cos.load(source, **settings)
    assert "\n" not in str(caught.value)
