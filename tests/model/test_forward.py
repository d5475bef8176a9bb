"""Part forward of the benchmark: every kind of model can be measured, and the plan reads what it writes."""

import json
import sys
from pathlib import Path

import pytest
import tiny
import torch
import yaml

from chainofsteps.config.read import load_config
from chainofsteps.plan.model import model_of
from chainofsteps.plan.seconds import measured, seconds_of
from chainofsteps.probes.count import VideoSize

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


@pytest.mark.parametrize("kind", ["wan2.2-i2v", "wan2.1-i2v", "wan2.2-ti2v"])
def test_a_forward_of_every_kind_is_measured(checkpoint_of, kind):
    import forward

    config = load_config(ROOT / "config.yaml")
    tokens = 512 if kind == "wan2.1-i2v" else tiny.TEXT_TOKENS
    entry = {**config["models"]["embedded"], "folder": str(checkpoint_of(kind)), "max_sequence_length": tokens}
    model = model_of({**config, "models": {"tiny": entry}}, "tiny")
    settings = tiny.sampling(max_sequence_length=tokens)
    given = forward.conditioning(model, settings, (tiny.FRAMES, tiny.HEIGHT, tiny.WIDTH))
    real = tiny.conditioning(checkpoint_of(kind), settings)
    shapes = {name: tensor.shape for name, tensor in real.to_tensors().items() if name != "image_embeds"}
    assert {name: tensor.shape for name, tensor in given.to_tensors().items() if name != "image_embeds"} == shapes
    assert (given.image_embeds is None) == (real.image_embeds is None)
    assert forward.of_forward(Path(entry["folder"]), model, settings, VideoSize(17, 64, 64), 2, 1) > 0


def test_the_plan_reads_what_is_measured(checkpoint, tmp_path, monkeypatch):
    import bench

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["models"]["embedded"] |= {"device": "cpu", "guidance_scale": 3.0}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    other = {
        "model": "other",
        "tokens": 80,
        "batch": 1,
        "seconds": 1.0,
        "hardware": "H",
        "device": "cuda",
        "dtype": "x",
    }
    (tmp_path / "forwards.json").write_text(json.dumps([other]))
    options = ["--config", tmp_path / "config.yaml", "--model", checkpoint, "--output", tmp_path / "results.json"]
    monkeypatch.setattr(sys, "argv", ["bench.py", *map(str, options), "--parts", "forward", "--turns", "1"])
    threads = torch.get_num_threads()
    bench.main()
    torch.set_num_threads(threads)
    assert not (tmp_path / "results.json").exists()  # of the other parts
    assert [record["batch"] for record in measured(tmp_path / "forwards.json")] == [1, 1, 12]  # the other stays
    config = load_config(tmp_path / "config.yaml")
    (found,) = seconds_of(config, model_of(config, "embedded", ROOT), 80, tmp_path)
    assert set(found.by_batch) == {1, 12} and found.unit == "CPU-hours" and found.hardware.endswith(", 1 thread")
