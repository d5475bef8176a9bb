"""A model that the workflow downloads by huggingface_hub's real client from a hub on this machine."""

import json
import os
import subprocess
import sys

import hub as hubs
import pytest
import tiny
import yaml

from chainofsteps.files import sha256
from tests.workflow.running import ROOT

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def hub(checkpoint):
    with hubs.serving(checkpoint) as hub:
        yield hub


def test_a_model_is_downloaded_by_its_name(hub, checkpoint, tmp_path):
    """Chosen by its name, a model is downloaded and checked; with the folder there, no hub is asked again."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    tiny.adapter(tmp_path / "adapter.safetensors", tiny.transformer(3), "diffusers")
    lora = {"folder": str(tmp_path), "high": "adapter.safetensors", "alpha": 0.5}
    source = {"repo": hubs.REPO, "revision": hubs.COMMIT}
    config["models"]["tiny"] = {"like": "embedded", "source": source, "lora": lora}
    config |= {"model": "tiny", "models_folder": str(tmp_path / "models")}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))

    tokens = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
    anonymous = {name: value for name, value in os.environ.items() if name not in tokens}

    def run(name, *arguments, **variables):
        (tmp_path / name).mkdir(exist_ok=True)
        command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", tmp_path / name]
        command += ["--cores", "2", "--configfile", tmp_path / "run.yaml", *arguments]
        environment = {**anonymous, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), **variables}
        command = [*map(str, command), "--", "results/model/tiny.json"]
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout + run.stderr

    assert f"someone/tiny at {hubs.COMMIT}: 10 files, 0.0 GB, licence None" in run("first")
    facts = json.loads((tmp_path / "first/results/model/tiny.json").read_text())
    assert facts["files"][WEIGHTS]["sha256"] == sha256(checkpoint / WEIGHTS)
    adapter = {"file": str(tmp_path / "adapter.safetensors"), "sha256": sha256(tmp_path / "adapter.safetensors")}
    assert facts["lora"] == {"high": adapter, "alpha": 0.5}
    assert "Nothing to be done" in run("first", "-n")
    hub.requests.clear()
    run("second", HF_HUB_OFFLINE="1")
    assert hub.requests == []
    second = json.loads((tmp_path / "second/results/model/tiny.json").read_text())
    assert second["identity"] == facts["identity"]
