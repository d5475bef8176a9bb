import json
import platform
import subprocess
import sys
from importlib import import_module

import pytest
import torch

from chainofsteps import __version__
from chainofsteps.errors import InputError
from chainofsteps.files import sha256, write_json
from chainofsteps.model.sampling import Sampling
from chainofsteps.store import provenance

DISPATCH = "diffusers.models.attention_dispatch"


def test_versions_are_those_that_run():
    versions = provenance.versions()
    assert versions["torch"] == torch.__version__ and versions["python"] == platform.python_version()
    assert versions["chainofsteps"] == __version__


def test_commit_is_the_working_trees_or_unknown(monkeypatch):
    provenance.commit.cache_clear()
    assert provenance.commit() == "unknown" or len(provenance.commit().removesuffix("-dirty")) == 40

    def no_git(*command, **options):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    provenance.commit.cache_clear()
    assert provenance.commit() == "unknown"
    provenance.commit.cache_clear()


def test_attention_backend_is_the_same_before_and_after_a_network_is_loaded(monkeypatch):
    monkeypatch.delenv("DIFFUSERS_ATTN_BACKEND", raising=False)
    registry = import_module(DISPATCH)._AttentionBackendRegistry
    loaded = provenance.attention_backend()
    assert loaded == "native" == registry.get_active_backend()[0].value
    monkeypatch.setattr(registry, "_active_backend", registry._active_backend.__class__("_native_math"))
    monkeypatch.setitem(registry._backends, registry._active_backend, None)
    assert provenance.attention_backend() == registry._active_backend.value != loaded
    monkeypatch.delitem(sys.modules, DISPATCH)
    assert provenance.attention_backend() == loaded
    monkeypatch.setenv("DIFFUSERS_ATTN_BACKEND", "flash")
    assert provenance.attention_backend() == "flash"


def test_a_changed_working_tree_is_told_from_its_commit(tmp_path, monkeypatch):
    def git(*command):
        subprocess.run(["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", *command], check=True)

    (tmp_path / "code.py").write_text("one = 1\n")
    git("init", "-q")
    git("add", "code.py")
    git("commit", "-q", "-m", "one")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "code.py"))
    said = []
    for text in ("one = 1\n", "one = 2\n"):
        (tmp_path / "code.py").write_text(text)
        provenance.commit.cache_clear()
        said.append(provenance.commit())
    provenance.commit.cache_clear()
    assert len(said[0]) == 40 and said[1] == f"{said[0]}-dirty"


def test_what_an_output_was_made_with_names_the_device_that_auto_is():
    made = provenance.made_with(Sampling(4, 3.0, guidance_scale=2.0, timestep_dtype="bfloat16"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    assert made["attention_backend"] == "native" and made["sampling"]["device"] == device
    assert made["sampling"]["guidance_scale"] == 2.0 and made["sampling"]["timestep_dtype"] == "bfloat16"


@pytest.fixture
def on_a_gpu(monkeypatch, tmp_path):
    """What torch says on a machine whose second GPU is worked on; nvidia-smi is a program that answers so."""
    said = {"is_initialized": True, "device_count": 2}
    for name, value in said.items():
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda index: [0, 512][index])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: ["NVIDIA T4", "NVIDIA H200"][index])
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setenv("PATH", str(tmp_path))
    provenance._driver.cache_clear()
    yield tmp_path / "nvidia-smi"
    provenance._driver.cache_clear()


def test_gpu_is_the_one_worked_on_with_its_driver(on_a_gpu, monkeypatch):
    on_a_gpu.write_text('#!/bin/sh\n[ "$1" = --query-gpu=driver_version ] && printf "570.86.15\\n570.86.15\\n"\n')
    on_a_gpu.chmod(0o755)
    assert provenance.gpu() == {"name": "NVIDIA H200", "driver": "570.86.15", "cuda": "12.8"}
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda index: 0)
    assert provenance.gpu() is None  # there, and not used


def test_gpu_without_nvidia_smi_has_an_unknown_driver(on_a_gpu):
    assert provenance.gpu()["driver"] == "unknown"


def test_gpu_is_none_on_the_cpu():
    if torch.cuda.is_initialized():
        pytest.skip("this process has worked on a GPU")
    assert provenance.gpu() is None


def test_identity_of_a_figure(tmp_path):
    table = tmp_path / "scores.csv"
    table.write_text("case,score\n")

    def told(name="tiny", digit="1", settings=None):
        write_json(tmp_path / f"{name}.json", {"identity": digit * 64})
        given = settings or {"steps": 4, "level": 0.9}
        return json.loads(provenance.identity(tmp_path / f"{name}.json", given, [table]))

    first = told()
    assert first["model"] == "tiny" and first["model_identity"] == "1" * 64
    assert first["commit"] == provenance.commit() and first["versions"].keys() > {"torch", "matplotlib"}
    assert first["drawn_from"] == {str(table): sha256(table)}
    assert told(settings={"level": 0.9, "steps": 4}) == first  # in any order
    changed = {
        "config": told(settings={"steps": 5, "level": 0.9}),
        "model_identity": told(digit="2"),
        "model": told(name="other"),
    }
    table.write_text("case,score\n0,1\n")
    changed["drawn_from"] = told()
    for key, other in changed.items():
        assert {name for name in first if first[name] != other[name]} == {key}


def test_a_pdf_that_does_not_say_what_it_was_drawn_from(tmp_path):
    for content in (b"%PDF-1.4", b"/Keywords ()", b"/Keywords ({half: )"):
        (tmp_path / "fig.pdf").write_bytes(content)
        with pytest.raises(InputError, match="fig.pdf does not say what it was drawn from; delete it and run again"):
            provenance.identity_in(tmp_path / "fig.pdf")
